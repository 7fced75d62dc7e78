using System.Runtime.CompilerServices;
using System.Text;

namespace Metering.Cli;

/// <summary>A line that cannot be a record; the message says what is wrong and what was expected.</summary>
internal sealed class InputFault(string message) : Exception(message);

/// <summary>A line of a text, counted from 1.</summary>
internal readonly record struct InputLine(long Number, string Text);

/// <summary>Reads lines of UTF-8 as they come, in constant memory.</summary>
internal static class LineReader
{
    /// <summary>Longest line, in characters: far beyond any record.</summary>
    public const int LineCharactersMaximum = 64 * 1024;

    private const int BufferCharacters = 16 * 1024;

    /// <summary>The lines of a stream, without their ends and without a byte order mark.</summary>
    /// <exception cref="InputFault">A line is too long, or the text is not UTF-8; thrown where the line would come.</exception>
    public static async IAsyncEnumerable<InputLine> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(
            stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, bufferSize: 64 * 1024);
        char[] buffer = new char[BufferCharacters];
        var rest = new StringBuilder();
        long number = 1;
        while (await ReadBlockAsync(reader, buffer, cancellationToken) is > 0 and int read)
        {
            int start = 0;
            for (int end; (end = Array.IndexOf(buffer, '\n', start, read - start)) >= 0; start = end + 1)
            {
                yield return new InputLine(number++, TakeLine(rest, buffer.AsSpan(start, end - start)));
            }

            rest.Append(buffer, start, read - start);
            if (rest.Length > LineCharactersMaximum)
                throw new InputFault($"the line is longer than {Figures.Group(LineCharactersMaximum)} characters");
        }

        if (rest.Length > 0)
            yield return new InputLine(number, TakeLine(rest, []));
    }

    private static async Task<int> ReadBlockAsync(StreamReader reader, char[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            // A read of standard input cannot be taken back; waiting for it can.
            return await reader.ReadAsync(buffer.AsMemory(), cancellationToken).AsTask().WaitAsync(cancellationToken);
        }
        catch (DecoderFallbackException)
        {
            throw new InputFault("the text is not UTF-8 here or shortly after");
        }
    }

    private static string TakeLine(StringBuilder rest, ReadOnlySpan<char> end)
    {
        string line = rest.Append(end).ToString();
        rest.Clear();
        return line.EndsWith('\r') ? line[..^1] : line;
    }
}
