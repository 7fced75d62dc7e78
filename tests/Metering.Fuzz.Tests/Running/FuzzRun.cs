using System.Collections.Concurrent;

namespace Metering.Fuzz.Tests;

/// <summary>Sends all inputs of a family to a server over several lanes, judges every answer, and keeps count of what was accepted.</summary>
/// <param name="target">The server.</param>
/// <param name="family">The family's name.</param>
/// <param name="make">Makes the input of a number.</param>
internal sealed class FuzzRun(FuzzTarget target, string family, Func<int, FuzzInput> make)
{
    public const int FailuresMaximum = 20; // then the run ends: more would say the same

    private const int Lanes = 4;
    private const int BatchInputs = 32;
    private const int SuspectsMaximum = 2000;

    private readonly ConcurrentQueue<FuzzFailure> _failures = [];
    private readonly ConcurrentQueue<int> _suspects = [];
    private readonly ConcurrentDictionary<string, int> _outcomes = [];
    private int _next;
    private int _done;
    private int _sentAgain;
    private long _certain;
    private long _possible;

    /// <summary>What failed, in no order.</summary>
    public IReadOnlyCollection<FuzzFailure> Failures => _failures;

    /// <summary>How often each kind of answer was given.</summary>
    public IReadOnlyDictionary<string, int> Outcomes => _outcomes;

    /// <summary>Inputs answered.</summary>
    public int Done => _done;

    /// <summary>Inputs that were sent twice, because a neighbour's end cut them off.</summary>
    public int SentAgain => _sentAgain;

    /// <summary>Fewest records that the server has counted, by its own answers.</summary>
    public long CountedAtLeast => _certain;

    /// <summary>Most records that it can have counted: also those whose answer did not arrive.</summary>
    public long CountedAtMost => _possible;

    /// <summary>Well-formed Writes between the inputs; each was accepted, or is among the failures.</summary>
    public int WellFormed { get; private set; }

    /// <summary>Runs to the end.</summary>
    /// <param name="numbers">The inputs.</param>
    /// <param name="wellFormedEvery">After how many inputs of a lane a well-formed Write is sent; 0 for never.</param>
    /// <param name="progress">Told how many are done.</param>
    public void Run(IReadOnlyList<int> numbers, int wellFormedEvery, Action<int> progress)
    {
        using var probe = new WellFormedWrites(target);
        int batches = (numbers.Count + BatchInputs - 1) / BatchInputs;
        Thread[] lanes =
            [.. Enumerable.Range(0, Math.Min(Lanes, batches)).Select(_ => new Thread(() => RunLane(numbers, wellFormedEvery, probe, progress)))];
        foreach (Thread lane in lanes)
            lane.Start();
        foreach (Thread lane in lanes)
            lane.Join();
        WellFormed = probe.Accepted;
        FindCulprits();
    }

    private void RunLane(IReadOnlyList<int> numbers, int wellFormedEvery, WellFormedWrites probe, Action<int> progress)
    {
        using var lane = new FuzzLane(target);
        try
        {
            for (int sinceProbe = 0; _failures.Count < FailuresMaximum; sinceProbe += BatchInputs)
            {
                int first = Interlocked.Add(ref _next, BatchInputs) - BatchInputs;
                if (first >= numbers.Count)
                    break;
                RunBatch(lane, [.. numbers.Skip(first).Take(BatchInputs)]);
                if (wellFormedEvery > 0 && sinceProbe % wellFormedEvery < BatchInputs && probe.Fault() is { } fault)
                    _failures.Enqueue(fault with { Name = $"{fault.Name} after {family}:{first}" });
                progress(Volatile.Read(ref _done));
            }
        }
        catch (Exception fault)
        {
            _failures.Enqueue(new FuzzFailure($"{family} client", new FuzzInput(Carriage.Http1Request, []), fault.ToString(), null));
        }

        Interlocked.Add(ref _sentAgain, lane.SentAgain);
    }

    private void RunBatch(FuzzLane lane, int[] numbers)
    {
        int errorsBefore = target.Log.Count;
        FuzzInput[] inputs = [.. numbers.Select(make)];
        Answer[] answers = lane.Send(inputs, cutOff => Interlocked.Add(ref _possible, MaximumOf(cutOff)));
        for (int index = 0; index < inputs.Length; index++)
            Judge(numbers[index], inputs[index], answers[index]);
        Interlocked.Add(ref _done, inputs.Length);
        if (target.Log.Count == errorsBefore)
            return;
        foreach (int number in numbers)
            _suspects.Enqueue(number);
    }

    private void Judge(int number, FuzzInput input, Answer answer)
    {
        string outcome = answer.IsHung ? "silence" : string.Join(' ', new[]
        {
            answer.GrpcStatuses.Count > 0 ? $"gRPC {answer.GrpcStatuses[0].Code}" : answer.HttpStatuses.Count > 0 ? $"HTTP {answer.HttpStatuses[0]}" : "",
            answer.Resets.Count > 0 ? $"RST_STREAM {answer.Resets[0]}" : "", answer.GoAways.Count > 0 ? $"GOAWAY {answer.GoAways[0]}" : "",
        }.Where(part => part.Length > 0));
        _outcomes.AddOrUpdate(outcome.Length > 0 ? outcome : "closed", 1, (_, times) => times + 1);
        if ((input.Fault ?? Documented.Fault(input, answer)) is { } why)
            _failures.Enqueue(new FuzzFailure($"{family}:{number}", input, why, answer));
        int? accepted = input.Counting is Counting.None or Counting.Rehearses ? 0 : AcceptedRecords.In(answer);
        if (input.Counting == Counting.Counts)
            Interlocked.Add(ref _certain, accepted ?? 0);
        bool isOneRequest = input.Carriage is Carriage.Http2Stream or Carriage.Http1Request;
        Interlocked.Add(ref _possible, isOneRequest && accepted is { } known ? known : MaximumOf(input));
    }

    private static int MaximumOf(FuzzInput input) => input.Counting is Counting.None or Counting.Rehearses ? 0 : input.RecordsMaximum;

    // An error was logged while these were under way: each is sent again by itself, to name the one that did it.
    private void FindCulprits()
    {
        if (target.Log.Count == 0)
            return;
        using var lane = new FuzzLane(target);
        int found = 0;
        foreach (int number in _suspects.Distinct().Take(SuspectsMaximum))
        {
            int errorsBefore = target.Log.Count;
            FuzzInput input = make(number);
            Answer answer = lane.SendAlone(input);
            if (target.Log.Count == errorsBefore)
                continue;

            // Once more, lest it is an earlier one's line that came late.
            errorsBefore = target.Log.Count;
            answer = lane.SendAlone(input);
            if (target.Log.Count == errorsBefore)
                continue;
            _failures.Enqueue(new FuzzFailure($"{family}:{number}", input, $"the server logged: {target.Log.Errors[^1]}", answer));
            if (++found == FailuresMaximum)
                return;
        }

        if (found == 0)
            _failures.Enqueue(new FuzzFailure($"{family} log", new FuzzInput(Carriage.Http1Request, []), $"the server logged: {target.Log.Errors[0]}", null));
    }
}
