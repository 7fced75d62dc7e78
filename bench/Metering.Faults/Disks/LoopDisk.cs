namespace Metering.Faults;

/// <summary>
/// A disk of its own for a data directory: an ext4 file system in an image file. What programs wrote and nobody flushed is
/// in the file system's page cache, not in the image; so a copy of the image, taken while it is mounted, is what a power
/// cut leaves: everything that was fsynced, and of the rest what the kernel happened to have written back.
/// </summary>
internal sealed class LoopDisk : IAsyncDisposable
{
    private const int CopiesMaximum = 20;

    private readonly string _mountPoint;
    private string _image;
    private bool _isMounted;
    private int _cuts;

    private LoopDisk(string image, string mountPoint)
    {
        _image = image;
        _mountPoint = mountPoint;
    }

    /// <summary>Makes a disk and mounts it.</summary>
    /// <param name="folder">Takes the image and the mount point.</param>
    /// <param name="name">Name of both.</param>
    /// <param name="bytes">Size; only what is used takes space.</param>
    /// <exception cref="FaultsException">Not permitted here.</exception>
    public static async Task<LoopDisk> CreateAsync(TemporaryDirectory folder, string name, long bytes)
    {
        var disk = new LoopDisk(folder[name + ".img"], folder[name]);
        Directory.CreateDirectory(disk.FullPath);
        await using (FileStream image = File.Create(disk._image))
            image.SetLength(bytes);
        (await Programs.RunAsync("mkfs.ext4", ["-q", "-F", disk._image])).Succeeded();
        await disk.MountAsync();
        return disk;
    }

    /// <summary>Whether this machine lets this user mount images.</summary>
    public static async Task<bool> IsPossibleAsync()
    {
        if (!Environment.IsPrivilegedProcess)
            return false;
        using var folder = new TemporaryDirectory();
        try
        {
            await using LoopDisk disk = await CreateAsync(folder, "probe", 16 << 20);
            return true;
        }
        catch (Exception fault) when (fault is FaultsException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Where it is mounted.</summary>
    public string FullPath => _mountPoint;

    /// <summary>
    /// Takes what is on the disk now, as <see cref="ReplaceAsync"/> will find it. Whoever writes must stand still; the
    /// kernel's own writing back goes on, so it is copied until a copy is what the image still is afterwards.
    /// </summary>
    public async Task<string> CutAsync()
    {
        string copy = $"{_image}-{++_cuts}";
        for (int attempt = 0; attempt < CopiesMaximum; attempt++)
        {
            (await Programs.RunAsync("cp", ["--sparse=always", _image, copy])).Succeeded();
            if ((await Programs.RunAsync("cmp", ["-s", _image, copy])).ExitCode == 0)
                return copy;
        }

        throw new FaultsException($"{_image} changed during each of {CopiesMaximum} copies.");
    }

    /// <summary>Throws the disk away and mounts what was left of it. Nobody may use it.</summary>
    public async Task ReplaceAsync(string copy)
    {
        await UnmountAsync();
        File.Delete(_image);
        _image = copy;
        await MountAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_isMounted)
            await UnmountAsync();
    }

    private async Task MountAsync()
    {
        (await Programs.RunAsync("mount", ["-o", "loop", _image, _mountPoint])).Succeeded();
        _isMounted = true;
    }

    private async Task UnmountAsync()
    {
        (await Programs.RunAsync("umount", [_mountPoint])).Succeeded();
        _isMounted = false;
    }
}
