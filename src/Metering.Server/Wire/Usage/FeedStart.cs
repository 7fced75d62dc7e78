using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>Where a reading of the feed begins, as a request says it: a place, or the name under which one is kept.</summary>
/// <param name="Place">The place.</param>
/// <param name="Field">The field that gave it, for messages.</param>
internal readonly record struct FeedStart(LedgerCursor Place, string Field)
{
    /// <summary>Reads the place; what is wrong is added to the faults.</summary>
    /// <param name="cursor">A place; empty for the first record, or for a consumer.</param>
    /// <param name="consumer">A consumer's name, or nothing.</param>
    /// <param name="consumers">Where places are kept.</param>
    /// <param name="call">The call.</param>
    /// <param name="faults">What is wrong.</param>
    public static async Task<FeedStart> ReadAsync(string cursor, string consumer, IFeedConsumers consumers, RpcCall call, List<FieldFault> faults)
    {
        if (consumer.Length == 0)
            return new FeedStart(CursorOf(cursor, "cursor", faults), "cursor");
        if (cursor.Length > 0)
            faults.Add(new("consumer", "and cursor are not given together: each says where to begin"));
        CheckName(consumer, "consumer", faults);
        if (faults.Count > 0)
            return default;
        ConsumerPlace? kept = await consumers.FindAsync(ReadGate.ScopeOf(call).Name, consumer, call.CancellationToken);
        return new FeedStart(kept?.Cursor ?? LedgerCursor.Start, "consumer");
    }

    /// <summary>A place in text; what is wrong is added to the faults.</summary>
    public static LedgerCursor CursorOf(string text, string field, List<FieldFault> faults)
    {
        if (!LedgerCursor.TryParse(text, out LedgerCursor cursor))
            faults.Add(new(field, "is no place in the feed"));
        return cursor;
    }

    /// <summary>Whether it can be the name of a consumer; what is wrong is added to the faults.</summary>
    public static void CheckName(string name, string field, List<FieldFault> faults)
    {
        if (name.Length is 0 or > Limits.ConsumerNameCharacters || !name.All(IsPartOfName))
            faults.Add(new(field, $"must have 1 to {Limits.ConsumerNameCharacters} letters, digits, '.', '_' and '-'"));
    }

    /// <summary>The refusal of a place that the ledger does not know.</summary>
    public RpcStatus Refuse(UnknownCursorException fault) => RefusalStatus.Of(Refusal.InvalidFields([new(Field, fault.Message)]));

    private static bool IsPartOfName(char character) => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '-';
}
