namespace Metering.Ledger.TestKit;

/// <summary>A record in a test: a small number stands for its uuid.</summary>
public sealed record RecordSpec(
    long Id, long Quantity = 1, int Sku = TestLedger.Sku, int AgeSeconds = 0, Verdict Before = Verdict.Accepted, Verdict After = Verdict.Accepted)
{
    public UInt128 Uuid => new((ulong)Id * 0x9E37_79B9_7F4A_7C15, (ulong)Id);

    public static implicit operator RecordSpec(int id) => FromInt32(id);

    public static RecordSpec FromInt32(int id) => new((long)id);
}
