using Metering.Ledger;

namespace Metering.Server;

/// <summary>The form that a Write request must have as a whole; every fault is reported, not only the first.</summary>
internal static class RequestForm
{
    /// <summary>Whether the text can be an id at all: 1 to 50 characters.</summary>
    public static bool IsId(ReadOnlySpan<byte> utf8) => utf8.Length > 0 && CharactersOf(utf8) <= Limits.IdCharacters;

    /// <summary>Refuses a request that names nothing or holds too few or too many records.</summary>
    public static Refusal? Check(UsageWrite write)
    {
        ReadOnlySpan<byte> target = write.Text(write.TargetText);
        if (IsId(target) && write.RecordCount is > 0 and <= Limits.RecordsPerWrite)
            return null;

        var faults = new List<FieldFault>();
        string field = write.Kind == UsageKind.Image ? "product_id" : "product_instance_id";
        if (target.IsEmpty)
            faults.Add(new(field, "is required"));
        else if (!IsId(target))
            faults.Add(new(field, $"has {CharactersOf(target)} characters; at most {Limits.IdCharacters} are allowed"));
        if (write.RecordCount is 0 or > Limits.RecordsPerWrite)
            faults.Add(new("usage_records", $"has {write.RecordCount} records; 1 to {Limits.RecordsPerWrite} are allowed"));
        return Refusal.InvalidFields(faults);
    }

    // Characters are Unicode code points: every byte of UTF-8 but the continuation bytes starts one.
    private static int CharactersOf(ReadOnlySpan<byte> utf8)
    {
        int characters = 0;
        foreach (byte next in utf8)
            characters += (next & 0xC0) != 0x80 ? 1 : 0;
        return characters;
    }
}
