using System.Runtime.CompilerServices;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Cli;

/// <summary>How records are written down.</summary>
internal enum RecordFormat
{
    JsonLines,
    Csv,
}

/// <summary>Where records come from.</summary>
internal interface IRecordSource
{
    /// <summary>Why reading ended early: <c>file:line: what is wrong</c>. Null when it did not.</summary>
    string? Fault { get; }

    /// <summary>Lines that were no record and were left out.</summary>
    long Skipped { get; }

    /// <summary>How much was read, 0 to 1; null when nobody knows.</summary>
    double? Part { get; }

    /// <summary>The records; to be read once.</summary>
    IAsyncEnumerable<UsageRecord> ReadAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Records from a stream of lines. At the first line that is no record it ends and <see cref="Fault"/> says why, so that
/// the records before it are written; or, when told to skip, it reports the line and goes on.
/// </summary>
internal sealed class RecordSource(Stream stream, string name, RecordFormat format, bool skipInvalid, Terminal terminal) : IRecordSource
{
    /// <inheritdoc/>
    public string? Fault { get; private set; }

    /// <inheritdoc/>
    public long Skipped { get; private set; }

    /// <inheritdoc/>
    public double? Part => stream.CanSeek && stream.Length > 0 ? (double)stream.Position / stream.Length : null;

    /// <inheritdoc/>
    public async IAsyncEnumerable<UsageRecord> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        CsvHeader? header = null;
        long number = 0;
        await using IAsyncEnumerator<InputLine> lines =
            LineReader.ReadAsync(stream, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await lines.MoveNextAsync())
                    break;
            }
            catch (InputFault fault)
            {
                Fault = $"{name}:{number + 1}: {fault.Message}";
                yield break;
            }

            number = lines.Current.Number;
            UsageRecord? record = null;
            try
            {
                record = Parse(lines.Current.Text, ref header);
            }
            catch (InputFault fault)
            {
                // Without a header no line of a CSV file can be understood: that cannot be skipped.
                if (!skipInvalid || (format == RecordFormat.Csv && header is null))
                {
                    Fault = $"{name}:{number}: {fault.Message}";
                    yield break;
                }

                Skipped++;
                terminal.WriteNote($"skipped {name}:{number}: {fault.Message}");
            }

            if (record is not null)
                yield return record;
        }

        if (format == RecordFormat.Csv && header is null)
            Fault = $"{name}:1: the file is empty; expected a header of {RecordFields.Names}";
    }

    private UsageRecord? Parse(string text, ref CsvHeader? header)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        if (format == RecordFormat.JsonLines)
            return JsonLine.Parse(text).ToRecord(terminal.Time);
        if (header is not null)
            return header.ParseLine(text).ToRecord(terminal.Time);
        header = CsvHeader.Parse(text);
        return null;
    }
}

/// <summary>One record, given by options.</summary>
internal sealed class SingleRecord(UsageRecord record) : IRecordSource
{
    /// <inheritdoc/>
    public string? Fault => null;

    /// <inheritdoc/>
    public long Skipped => 0;

    /// <inheritdoc/>
    public double? Part => null;

    /// <inheritdoc/>
    public async IAsyncEnumerable<UsageRecord> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        yield return record;
    }
}
