using System.Runtime.InteropServices;

namespace Metering.Ledger.Postgres;

/// <summary>
/// One group commit: what has to be asked of the database for its requests, and, once that is answered, their verdicts and
/// what they add up to. Of the records with one uuid only the first that could be counted is sent; it is the one accepted when
/// the database counted it, and those after it are duplicates of it.
/// </summary>
internal sealed class Group
{
    private const int Nobody = -1;

    private readonly Dictionary<UInt128, int> _numbers = [];
    private readonly List<Question> _questions = [];
    private readonly List<int> _asked = []; // number of the question of each record that has one, in order
    private readonly List<Guid> _accepted = [];
    private readonly GroupSums _sums = new();
    private readonly List<RejectedRecord> _rejected = [];

    /// <summary>The records to be counted; null when there are none.</summary>
    public RecordColumns? Candidates { get; private set; }

    /// <summary>Uuids to be looked up alone, sorted; null when there are none.</summary>
    public Guid[]? LookUps { get; private set; }

    /// <summary>What is added to the totals; null when there is nothing.</summary>
    public TotalColumns? Totals { get; private set; }

    /// <summary>What is added to the counts of rejections; null when there is nothing.</summary>
    public RejectionColumns? Rejections { get; private set; }

    /// <summary>Uuids of the accepted records, in the order of their requests.</summary>
    public IReadOnlyCollection<Guid> Accepted => _accepted;

    /// <summary>Latest acceptance of one of them; 0 when there are none.</summary>
    public long AcceptedUnixNanoseconds { get; private set; }

    /// <summary>What is kept of the rejected records; null when there is nothing.</summary>
    public RejectedColumns? Rejected { get; private set; }

    /// <summary>Some record is answered as a duplicate of one that was counted before the group.</summary>
    public bool NamesOthersRows { get; private set; }

    /// <summary>Latest reading of the clock of a request that is no dry run; 0 when all are.</summary>
    public long LatestUnixNanoseconds { get; private set; }

    /// <summary>The answer says something that has to be durable: a record counted, now or before, or a rejection.</summary>
    public bool HasToBeWritten => LatestUnixNanoseconds != 0 || NamesOthersRows;

    /// <summary>Takes requests and finds out what has to be asked.</summary>
    public void Stage(ReadOnlySpan<UsageWrite> writes)
    {
        _numbers.Clear();
        _questions.Clear();
        _asked.Clear();
        foreach (UsageWrite write in writes)
        {
            for (int index = 0; index < write.Records.Length; index++)
            {
                ref readonly UsageRecord record = ref write.Records[index];
                if (Ledger.Judge.NeedsLookup(record))
                    Ask(write, index, record);
            }
        }

        CollectQuestions();
    }

    /// <summary>Sets every verdict and adds everything up.</summary>
    /// <param name="writes">The requests that were staged.</param>
    /// <param name="counted">The candidates that the database counted just now.</param>
    /// <param name="known">The looked up uuids that it had counted before.</param>
    public void Judge(ReadOnlySpan<UsageWrite> writes, List<Guid> counted, List<Guid> known)
    {
        Mark(counted, known);
        _sums.Clear();
        _rejected.Clear();
        _accepted.Clear();
        LatestUnixNanoseconds = AcceptedUnixNanoseconds = 0;
        NamesOthersRows = false;
        int asked = 0;
        foreach (UsageWrite write in writes)
        {
            if (!write.DryRun)
                LatestUnixNanoseconds = Math.Max(LatestUnixNanoseconds, write.ReceivedUnixNanoseconds);
            JudgeOne(write, ref asked);
        }

        Totals = _sums.Totals();
        Rejections = _sums.Rejections();
        Rejected = _rejected.Count == 0 ? null : new RejectedColumns(_rejected);
    }

    /// <summary>The uuids, sorted, that were counted before the group and are answered as duplicates.</summary>
    public Guid[] Duplicates() => !NamesOthersRows ? []
        : [.. _questions.Where(question => question.IsKnown && question.IsAnsweredDuplicate)
            .Select(question => question.Uuid).Order().Select(RecordUuid.ToGuid)];

    private void JudgeOne(UsageWrite write, ref int asked)
    {
        Span<UsageRecord> records = write.Records;
        for (int index = 0; index < records.Length; index++)
        {
            ref UsageRecord record = ref records[index];
            bool isCounted = false;
            if (Ledger.Judge.NeedsLookup(record))
            {
                int place = asked++;
                ref Question question = ref CollectionsMarshal.AsSpan(_questions)[_asked[place]];
                isCounted = question.IsKnown || (question.IsCounted && place > question.CandidatePlace)
                    || (write.DryRun && WouldBeCounted(records[..index], record.Uuid));
                question.IsAnsweredDuplicate |= isCounted;
                NamesOthersRows |= isCounted && question.IsKnown;
            }

            record.Verdict = Ledger.Judge.Decide(record, isCounted);
            if (write.DryRun)
                continue;
            if (record.Verdict == Verdict.Accepted)
                Accept(write, record);
            else
                _sums.AddRejected(write.OwnerKey, record.Verdict, write.ReceivedUnixNanoseconds);
            if (record.Verdict is not (Verdict.Accepted or Verdict.Duplicate))
                _rejected.Add(RejectedRecord.Of(write, index));
        }
    }

    private void Accept(UsageWrite write, in UsageRecord record)
    {
        _accepted.Add(RecordUuid.ToGuid(record.Uuid));
        AcceptedUnixNanoseconds = Math.Max(AcceptedUnixNanoseconds, write.ReceivedUnixNanoseconds);
        _sums.AddAccepted(write.OwnerKey, record);
    }

    private void Ask(UsageWrite write, int index, in UsageRecord record)
    {
        ref int number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, record.Uuid, out bool isThere);
        if (!isThere)
        {
            number = _questions.Count;
            _questions.Add(new Question { Uuid = record.Uuid, CandidatePlace = Nobody });
        }

        ref Question question = ref CollectionsMarshal.AsSpan(_questions)[number];
        bool couldBeCounted = !write.DryRun && Ledger.Judge.Decide(record, isCounted: false) == Verdict.Accepted;
        if (couldBeCounted && question.CandidatePlace == Nobody)
            (question.CandidatePlace, question.Write, question.Index) = (_asked.Count, write, index);
        _asked.Add(number);
    }

    private void CollectQuestions()
    {
        Span<Question> questions = CollectionsMarshal.AsSpan(_questions);
        var sorted = new (UInt128 Uuid, int Number)[questions.Length];
        int candidates = 0;
        for (int number = 0; number < questions.Length; number++)
        {
            sorted[number] = (questions[number].Uuid, number);
            candidates += questions[number].CandidatePlace == Nobody ? 0 : 1;
        }

        Array.Sort(sorted, (one, other) => one.Uuid.CompareTo(other.Uuid));
        Candidates = candidates == 0 ? null : new RecordColumns(candidates);
        LookUps = candidates == questions.Length ? null : new Guid[questions.Length - candidates];
        int candidate = 0, lookUp = 0;
        foreach ((UInt128 uuid, int number) in sorted)
        {
            if (questions[number].CandidatePlace == Nobody)
                LookUps![lookUp++] = RecordUuid.ToGuid(uuid);
            else
                Fill(Candidates!, candidate++, questions[number].Write!, questions[number].Index);
        }
    }

    private static void Fill(RecordColumns columns, int row, UsageWrite write, int index)
    {
        ref readonly UsageRecord record = ref write.Records[index];
        columns.Uuids[row] = RecordUuid.ToGuid(record.Uuid);
        columns.Owners[row] = write.OwnerKey;
        columns.Skus[row] = record.SkuKey;
        columns.Quantities[row] = record.Quantity;
        columns.Timestamps[row] = record.TimestampUnixNanoseconds;
        columns.Accepted[row] = write.ReceivedUnixNanoseconds;
        columns.Accounts[row] = write.AccountKey;
        columns.Requests[row] = write.RequestId;
    }

    // A candidate that was not counted just now was counted before.
    private void Mark(List<Guid> counted, List<Guid> known)
    {
        Span<Question> questions = CollectionsMarshal.AsSpan(_questions);
        foreach (ref Question question in questions)
        {
            question.IsKnown = question.CandidatePlace != Nobody;
            question.IsCounted = question.IsAnsweredDuplicate = false;
        }

        foreach (Guid uuid in counted)
        {
            ref Question question = ref questions[_numbers[RecordUuid.FromGuid(uuid)]];
            (question.IsKnown, question.IsCounted) = (false, true);
        }

        foreach (Guid uuid in known)
            questions[_numbers[RecordUuid.FromGuid(uuid)]].IsKnown = true;
    }

    // A dry run sends nothing, yet its own earlier records count, as they would in a write.
    private static bool WouldBeCounted(ReadOnlySpan<UsageRecord> earlier, UInt128 uuid)
    {
        foreach (ref readonly UsageRecord record in earlier)
        {
            if (record.Verdict == Verdict.Accepted && record.Uuid == uuid)
                return true;
        }

        return false;
    }

    /// <summary>What there is to find out about one uuid.</summary>
    private struct Question
    {
        public UInt128 Uuid;
        public int CandidatePlace; // of the record that is sent to be counted, among all that ask
        public UsageWrite? Write;
        public int Index;
        public bool IsKnown; // counted before the group
        public bool IsCounted; // counted with the group
        public bool IsAnsweredDuplicate;
    }
}
