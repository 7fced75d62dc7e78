using System.Text;

namespace Metering.Server;

/// <summary>Small files that are there whole or not at all, also after a power cut: written aside, flushed, renamed.</summary>
internal static class DurableFile
{
    /// <summary>0600.</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>0644.</summary>
    public const UnixFileMode ReadableByAll = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>What a file's name ends in until it is whole.</summary>
    public const string AsideSuffix = ".new";

    private const UnixFileMode Everybody = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Writes a file, replacing what was there.</summary>
    /// <exception cref="UnusableFileException">It cannot be written.</exception>
    public static void Write(string path, string text, UnixFileMode mode)
    {
        string aside = path + AsideSuffix;
        try
        {
            File.Delete(aside); // left by a crash
            using (var file = new FileStream(aside, Options(mode)))
            {
                file.Write(Encoding.UTF8.GetBytes(text));
                file.Flush();
                FileSync.Flush(file.SafeFileHandle, path);
            }

            DirectorySync.Rename(aside, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UnusableFileException(path, $"cannot be written: {exception.Message}", exception);
        }
    }

    /// <summary>Reads a small text file.</summary>
    /// <exception cref="UnusableFileException">It is missing or cannot be read.</exception>
    public static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UnusableFileException(path, "there is no such file", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UnusableFileException(path, $"cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>
    /// Refuses a secret that anybody on the machine can read. The group may: volumes are commonly handed to a service
    /// by its group.
    /// </summary>
    /// <exception cref="UnusableFileException">Everybody has some right to the file.</exception>
    public static void RefuseIfOpenToEverybody(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Everybody) != UnixFileMode.None)
            throw new UnusableFileException(path, $"everybody can get at this secret; run: chmod 600 {path}");
    }

    private static FileStreamOptions Options(UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        return options;
    }
}
