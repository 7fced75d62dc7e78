using Metering.Ledger;

namespace Metering.Faults;

/// <summary>
/// What became of every record that was sent, as its senders heard it. A record's quantity and SKU follow from its uuid, so
/// that all who send it say the same, and the table can be compared with it.
/// </summary>
internal sealed class WrittenRecords
{
    private const int LatestRecords = 5_000;

    private readonly Dictionary<UInt128, State> _states = [];
    private readonly List<UInt128> _confirmed = [];
    private readonly List<string> _faults = [];

    /// <summary>Records of which somebody heard that they are counted.</summary>
    public int Confirmed => Locked(() => _confirmed.Count);

    /// <summary>Records of which nobody heard anything yet.</summary>
    public int Unconfirmed => Locked(() => _states.Count - _confirmed.Count);

    /// <summary>Acceptances beyond one of a record.</summary>
    public long AcceptedTwice { get; private set; }

    /// <summary>Records that were accepted after an attempt whose outcome nobody heard.</summary>
    public long AcceptedOnRetry { get; private set; }

    /// <summary>Records whose first answer was DUPLICATE, since an earlier attempt had counted them after all.</summary>
    public long CountedUnheard { get; private set; }

    /// <summary>Answers that cannot be, in words.</summary>
    public IReadOnlyList<string> Faults => Locked<IReadOnlyList<string>>(() => [.. _faults]);

    /// <summary>A new record's uuid.</summary>
    /// <param name="random">Makes it.</param>
    public static UInt128 NewUuid(Random random)
    {
        ulong upper = ((ulong)random.NextInt64() & ~0xF000UL) | 0x4000UL, lower = (ulong)random.NextInt64();
        return new UInt128(upper, (lower & ~(3UL << 62)) | (2UL << 62));
    }

    /// <summary>The quantity of a record.</summary>
    public static long QuantityOf(UInt128 uuid) => 1 + (long)(uuid & 0xFF);

    /// <summary>The SKU of a record.</summary>
    public static string SkuOf(UInt128 uuid) => (uuid & 0x100) == 0 ? SampleIds.Sku : SampleIds.OtherSku;

    /// <summary>Notes that records are about to be sent, by one more sender or once more.</summary>
    public void Sending(IReadOnlyList<UInt128> uuids) => Locked(() =>
    {
        foreach (UInt128 uuid in uuids)
        {
            State state = _states.GetValueOrDefault(uuid);
            _states[uuid] = state with { Attempts = state.Attempts + 1 };
        }
    });

    /// <summary>Notes that a sender does not know what became of its records.</summary>
    public void Unheard(IReadOnlyList<UInt128> uuids) => Locked(() =>
    {
        foreach (UInt128 uuid in uuids)
            _states[uuid] = _states[uuid] with { IsUnheard = true };
    });

    /// <summary>Notes that a record was accepted.</summary>
    public void Accepted(UInt128 uuid) => Locked(() =>
    {
        State state = _states.GetValueOrDefault(uuid);
        if (state.IsAccepted)
            AcceptedTwice++;
        else if (state.IsUnheard)
            AcceptedOnRetry++;
        Confirm(uuid, state with { IsAccepted = true });
    });

    /// <summary>Notes that a record was answered DUPLICATE.</summary>
    public void Duplicate(UInt128 uuid) => Locked(() =>
    {
        State state = _states[uuid];
        if (state.Attempts == 1)
            _faults.Add($"{RecordUuid.Format(uuid)} was sent once and answered DUPLICATE.");
        else if (!state.IsConfirmed && state.IsUnheard)
            CountedUnheard++;
        Confirm(uuid, state);
    });

    /// <summary>Notes an answer that cannot be.</summary>
    public void Fault(string fault) => Locked(() => _faults.Add(fault));

    /// <summary>Whether a record was ever sent.</summary>
    public bool IsSent(UInt128 uuid) => Locked(() => _states.ContainsKey(uuid));

    /// <summary>Whether a record was confirmed, but never accepted, although everybody who sent it heard what became of it.</summary>
    public int NeverAccepted() => Locked(() => _states.Values.Count(state => state is { IsConfirmed: true, IsAccepted: false, IsUnheard: false }));

    /// <summary>All records that were confirmed until now.</summary>
    public UInt128[] ToConfirmed() => Locked(() => _confirmed.ToArray());

    /// <summary>Some of the latest records that were confirmed; as many as there are, if there are so few.</summary>
    public UInt128[] SomeConfirmed(Random random, int count) => Locked<UInt128[]>(() =>
    {
        int oldest = Math.Max(0, _confirmed.Count - LatestRecords);
        return _confirmed.Count == 0 ? [] : [.. Enumerable.Range(0, count).Select(_ => _confirmed[random.Next(oldest, _confirmed.Count)])];
    });

    /// <summary>Waits until so many more records are confirmed than now.</summary>
    public async Task WaitForMoreAsync(int count)
    {
        int wanted = Confirmed + count;
        await Waiting.UntilAsync($"{count} more records to be counted", () => Task.FromResult(Confirmed >= wanted));
    }

    private void Confirm(UInt128 uuid, State state)
    {
        if (!state.IsConfirmed)
            _confirmed.Add(uuid);
        _states[uuid] = state with { IsConfirmed = true };
    }

    private void Locked(Action action)
    {
        lock (_states)
            action();
    }

    private T Locked<T>(Func<T> ask)
    {
        lock (_states)
            return ask();
    }

    private readonly record struct State(int Attempts, bool IsUnheard, bool IsAccepted, bool IsConfirmed);
}
