using System.Text;

namespace Metering.Cli;

/// <summary>Reads files that a user named, with messages that name them back.</summary>
internal static class InputFile
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The whole text of a small file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it is, for messages.</param>
    /// <param name="bytesMaximum">Refused when longer.</param>
    public static string ReadText(string path, string what, int bytesMaximum)
    {
        using Stream stream = Open(path, what);
        return ReadText(stream, path, what, bytesMaximum);
    }

    /// <summary>The whole text of a stream.</summary>
    public static string ReadText(Stream stream, string path, string what, int bytesMaximum)
    {
        byte[] buffer = new byte[4096];
        int filled = 0;
        while (stream.Read(buffer.AsSpan(filled)) is > 0 and int read)
        {
            filled += read;
            if (filled > bytesMaximum)
                throw new CommandException(ExitCodes.BadUsage, $"The {what} {path} is longer than {Figures.Group(bytesMaximum)} bytes.");
            if (filled == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2);
        }

        try
        {
            return StrictUtf8.GetString(buffer, 0, filled).TrimStart('\ufeff');
        }
        catch (DecoderFallbackException fault)
        {
            throw new CommandException(ExitCodes.BadUsage, $"The {what} {path} is not UTF-8 text.", fault);
        }
    }

    /// <summary>Opens a file for reading.</summary>
    public static FileStream Open(string path, string what)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 64 * 1024);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            string why = fault is FileNotFoundException or DirectoryNotFoundException ? "no such file" : fault.Message;
            throw new CommandException(ExitCodes.BadUsage, $"The {what} {path} cannot be read: {why}", fault);
        }
    }
}
