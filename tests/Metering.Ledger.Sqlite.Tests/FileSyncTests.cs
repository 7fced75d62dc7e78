using Microsoft.Win32.SafeHandles;

namespace Metering.Ledger.Sqlite.Tests;

/// <summary>An fsync that fails is noticed, which the framework's own is not sure to do.</summary>
public sealed class FileSyncTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_file_on_a_disk_is_flushed()
    {
        using SafeFileHandle file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.Write(file, new byte[1], 0);
        FileSync.Flush(file, _path);
    }

    [Fact]
    public void What_cannot_be_fsynced_is_a_fault_that_names_the_file()
    {
        Assert.False(OperatingSystem.IsWindows());
        using SafeFileHandle nowhere = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite);
        IOException fault = Assert.Throws<IOException>(() => FileSync.Flush(nowhere, "/dev/null"));
        Assert.Contains("/dev/null cannot be fsynced", fault.Message);
    }

    [Fact]
    public void A_directory_that_is_not_there_is_a_fault_that_names_it()
    {
        string nowhere = _path + "-nowhere";
        Assert.Contains($"{nowhere} cannot be opened", Assert.Throws<IOException>(() => DirectorySync.Flush(nowhere)).Message);
    }

    [Fact]
    public void A_file_that_gets_another_name_replaces_one_only_where_it_may()
    {
        string other = _path + "-other";
        File.WriteAllText(other, "other");
        Assert.Throws<IOException>(() => DirectorySync.Rename(other, _path, overwrite: false));
        Assert.Equal("other", File.ReadAllText(other));
        DirectorySync.Rename(other, _path, overwrite: true);
        Assert.Equal("other", File.ReadAllText(_path));
        Assert.False(File.Exists(other));
    }
}
