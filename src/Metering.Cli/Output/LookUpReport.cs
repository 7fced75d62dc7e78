using Metering.Contracts.V1;
using State = Metering.Contracts.V1.RecordLookUp.Types.State;

namespace Metering.Cli;

/// <summary>Shows what became of uuids: each as it comes, and all of them at the end.</summary>
internal interface ILookUpReport
{
    /// <summary>One uuid, in the order asked.</summary>
    void Add(RecordLookUp found);

    /// <summary>No more.</summary>
    void Finish();
}

/// <summary>The names of states.</summary>
internal static class LookUpStates
{
    /// <summary>ACCEPTED, REJECTED or NEVER_SEEN.</summary>
    public static string Name(this RecordLookUp found) => found.State switch
    {
        State.Accepted => "ACCEPTED",
        State.Rejected => "REJECTED",
        State.NeverSeen => "NEVER_SEEN",
        _ => $"STATE_{(int)found.State}",
    };

    /// <summary>Why it was rejected last; empty when it was not, or is accepted.</summary>
    public static string Reason(this RecordLookUp found) =>
        found.State == State.Rejected && found.Rejections.Count > 0 ? found.Rejections[0].Reason : string.Empty;
}

/// <summary>For people: a line for each of the first few, how many of each state at the end.</summary>
internal sealed class LookUpTable(Terminal terminal) : ILookUpReport
{
    // More than a screen or ten help nobody, and the memory must stay bounded.
    private const int ListedMaximum = 200;

    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly TextTable _table = new(
        new("uuid"), new("state"), new("accepted"), new("quantity", IsNumber: true), new("unit"), new("sku"), new("owner"), new("by"),
        new("request", IsOptional: true), new("timestamp", IsOptional: true));
    private long _asked;
    private long _conflicts;

    /// <inheritdoc/>
    public void Add(RecordLookUp found)
    {
        _conflicts += found.Conflicts.Count > 0 ? 1 : 0;
        _counts[found.Name()] = _counts.GetValueOrDefault(found.Name()) + 1;
        if (_asked++ >= ListedMaximum)
            return;
        var state = new TextCell($"{found.Name()} {found.Reason()}".TrimEnd(), found.State == State.Accepted ? Shade.Good : Shade.Bad);
        if (found.Record is not { } record)
            _table.Add(found.Uuid, state, "", "", "", "", "", "", "", "");
        else
            _table.Add(
                found.Uuid, state, ArchiveReport.TimeOf(record.Accepted), new(Figures.Group(record.Quantity), Shade.Strong), record.Unit,
                record.SkuId, RecordText.OwnerOf(record), record.ServiceAccountId, record.RequestId, ArchiveReport.TimeOf(record.Timestamp));
    }

    /// <inheritdoc/>
    public void Finish()
    {
        if (_table.IsEmpty)
        {
            terminal.WriteNote("No uuids.");
            return;
        }

        _table.Write(terminal);
        if (_asked > ListedMaximum)
            terminal.WriteNote($"… and {Figures.Group(_asked - ListedMaximum)} more: --output csv shows all.");
        if (_conflicts > 0)
            terminal.WriteNote($"{Figures.Count(_conflicts, "uuid")} came again with another content, answered DUPLICATE: --output json shows it.");
        if (_asked > 1)
            terminal.WriteNote(string.Join(", ", _counts.Select(count => $"{Figures.Group(count.Value)} {count.Key}")) + ".");
    }
}

/// <summary>For spreadsheets and any number of uuids: a line each, as they come.</summary>
internal sealed class LookUpCsv : ILookUpReport
{
    private readonly Terminal _terminal;

    public LookUpCsv(Terminal terminal)
    {
        _terminal = terminal;
        Csv.WriteLine(terminal.Output, RecordText.Columns.Prepend("reason").Prepend("state").Prepend("asked"));
    }

    /// <inheritdoc/>
    public void Add(RecordLookUp found) => Csv.WriteLine(
        _terminal.Output,
        (found.Record is { } record ? RecordText.FieldsOf(record) : Enumerable.Repeat(string.Empty, RecordText.Columns.Count))
            .Prepend(found.Reason()).Prepend(found.Name()).Prepend(found.Uuid));

    /// <inheritdoc/>
    public void Finish()
    {
        // Every line is out already.
    }
}

/// <summary>One JSON document. Holds everything until the end.</summary>
internal sealed class LookUpJson(Terminal terminal) : ILookUpReport
{
    private readonly List<RecordLookUp> _found = [];

    /// <inheritdoc/>
    public void Add(RecordLookUp found) => _found.Add(found);

    /// <inheritdoc/>
    public void Finish() => Json.Write(terminal.Output, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("records");
        foreach (RecordLookUp found in _found)
        {
            json.WriteStartObject();
            json.WriteString("uuid", found.Uuid);
            json.WriteString("state", found.Name());
            if (found.Record is { } record)
            {
                json.WriteStartObject("record");
                RecordText.WriteMembers(record, json);
                json.WriteEndObject();
            }

            if (found.Rejections.Count > 0)
            {
                json.WriteStartArray("rejections");
                foreach (RejectedRecord rejection in found.Rejections)
                    RejectedText.WriteObject(rejection, json);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}
