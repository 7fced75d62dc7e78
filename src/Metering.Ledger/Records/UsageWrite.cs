using System.Threading.Tasks.Sources;

namespace Metering.Ledger;

/// <summary>Which of the two services a Write came through.</summary>
public enum UsageKind : byte
{
    /// <summary>ProductUsageService: names a product instance, sent by the publisher.</summary>
    ProductInstance = 1,

    /// <summary>ImageProductUsageService: names a product, sent by the customer.</summary>
    Image = 2,
}

/// <summary>
/// One Write request on its way through the path: wire fills it, authorize names the owner, validate examines the
/// records, the ledger judges them, respond reads the verdicts. Reused from a pool; it is also the awaitable of its own
/// commit, so that a request costs no allocation between the stages.
/// </summary>
/// <remarks>Not thread-safe: exactly one stage has it at a time.</remarks>
public sealed class UsageWrite : IValueTaskSource<LedgerAnswer>
{
    private const int PayloadBytes = 4096; // a full Write of ordinary ids

    private readonly UsageRecord[] _records = new UsageRecord[Limits.RecordsPerWrite];
    private ManualResetValueTaskSourceCore<LedgerAnswer> _answer; // goes on where the answer is given

    // --- wire ---

    /// <summary>The service that the request came through.</summary>
    public UsageKind Kind;

    /// <summary>Judge only, record nothing.</summary>
    public bool DryRun;

    /// <summary><c>product_instance_id</c> or <c>product_id</c>, by <see cref="Kind"/>.</summary>
    public TextSlice TargetText;

    /// <summary>The request message; every <see cref="TextSlice"/> points into it. Grown as needed; kept for reuse unless it became large.</summary>
    public byte[] Payload = new byte[PayloadBytes];

    /// <summary>Records in the request, which may exceed <see cref="Limits.RecordsPerWrite"/>; only that many are kept.</summary>
    public int RecordCount;

    /// <summary>Identifies the request in logs and in the ledger.</summary>
    public Guid RequestId;

    // --- authorize ---

    /// <summary>The catalog's number of the product instance or customer to whom the usage is counted.</summary>
    public int OwnerKey;

    /// <summary>The catalog's number of the service account that sent the request.</summary>
    public int AccountKey;

    /// <summary>The product that the request is about; null when it names none that is metered this way.</summary>
    public ProductEntry? Product;

    // --- validate ---

    /// <summary>The request's one reading of the clock, nanoseconds since 1970-01-01T00:00:00Z.</summary>
    public long ReceivedUnixNanoseconds;

    // --- ledger ---

    /// <summary>Link in the ledger's queue; the ledger's alone.</summary>
    public UsageWrite? NextInQueue;

    /// <summary>The records kept, in the request's order.</summary>
    public Span<UsageRecord> Records => _records.AsSpan(0, Math.Min(RecordCount, Limits.RecordsPerWrite));

    /// <summary>The next free record, or a scratch one beyond <see cref="Limits.RecordsPerWrite"/>. Wire only.</summary>
    public ref UsageRecord AddRecord()
    {
        ref UsageRecord record = ref _records[Math.Min(RecordCount, Limits.RecordsPerWrite - 1)];
        RecordCount++;
        record = default;
        return ref record;
    }

    /// <summary>The text that a slice names.</summary>
    public ReadOnlySpan<byte> Text(TextSlice slice) => Payload.AsSpan(slice.Start, slice.Length);

    /// <summary>Awaits the ledger's answer. The ledger calls <see cref="Complete"/> exactly once for each.</summary>
    public ValueTask<LedgerAnswer> WaitForAnswer() => new(this, _answer.Version);

    /// <summary>
    /// Gives the answer and lets the request go on, on this thread: the ledger calls it where that holds nobody up, and must
    /// not touch the request afterwards.
    /// </summary>
    public void Complete(LedgerAnswer answer) => _answer.SetResult(answer);

    /// <summary>Makes the object as good as new, but keeps its buffers where they are not large.</summary>
    public void Reset()
    {
        Kind = default;
        DryRun = false;
        TargetText = default;
        RecordCount = 0;
        RequestId = default;
        OwnerKey = 0;
        AccountKey = 0;
        Product = null;
        ReceivedUnixNanoseconds = 0;
        NextInQueue = null;
        if (Payload.Length > Limits.PooledRequestBytes)
            Payload = new byte[PayloadBytes];
        _answer.Reset();
    }

    LedgerAnswer IValueTaskSource<LedgerAnswer>.GetResult(short token) => _answer.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<LedgerAnswer>.GetStatus(short token) => _answer.GetStatus(token);

    void IValueTaskSource<LedgerAnswer>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _answer.OnCompleted(continuation, state, token, flags);
}
