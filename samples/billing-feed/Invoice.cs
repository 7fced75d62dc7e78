using System.Numerics;
using System.Text.Json;
using Metering.Contracts.V1;

namespace Metering.BillingFeed;

/// <summary>What each billing account owes for, by SKU, and the place in the feed up to which it was summed up.</summary>
internal sealed class Invoice
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly SortedDictionary<(string Account, string Sku, string Unit), (BigInteger Quantity, long Records)> _lines = [];

    /// <summary>The place after the records that are in it; empty: none are.</summary>
    public string Cursor { get; set; } = string.Empty;

    /// <summary>Enters records.</summary>
    public void Add(IEnumerable<AcceptedRecord> records)
    {
        foreach (AcceptedRecord record in records)
        {
            (string, string, string) line = (record.BillingAccountId, record.SkuId, record.Unit);
            (BigInteger quantity, long entered) = _lines.GetValueOrDefault(line);
            _lines[line] = (quantity + record.Quantity, entered + 1);
        }
    }

    /// <summary>Reads an invoice; an empty one when there is no file yet.</summary>
    public static Invoice Load(string file)
    {
        var invoice = new Invoice();
        if (!File.Exists(file))
            return invoice;
        Stored stored = JsonSerializer.Deserialize<Stored>(File.ReadAllText(file))!;
        invoice.Cursor = stored.Cursor;
        foreach (Line line in stored.Lines)
            invoice._lines.Add((line.BillingAccountId, line.SkuId, line.Unit), (BigInteger.Parse(line.Quantity), line.Records));
        return invoice;
    }

    /// <summary>Replaces the file by this invoice, as a whole: written beside it, on disk, then renamed.</summary>
    public void Save(string file)
    {
        var stored = new Stored(
            Cursor,
            [.. _lines.Select(line => new Line(line.Key.Account, line.Key.Sku, line.Key.Unit, line.Value.Quantity.ToString(), line.Value.Records))]);
        string aside = file + ".new";
        using (FileStream stream = File.Create(aside))
        {
            JsonSerializer.Serialize(stream, stored, Indented);
            stream.Flush(flushToDisk: true);
        }

        File.Move(aside, file, overwrite: true);
    }

    private sealed record Stored(string Cursor, IReadOnlyList<Line> Lines);

    private sealed record Line(string BillingAccountId, string SkuId, string Unit, string Quantity, long Records);
}
