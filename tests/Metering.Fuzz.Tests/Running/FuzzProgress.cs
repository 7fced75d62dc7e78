using System.Diagnostics;

namespace Metering.Fuzz.Tests;

/// <summary>Tells whoever runs the long form how far it is: one line for each tenth, and one at the end.</summary>
internal sealed class FuzzProgress
{
    private readonly string _family;
    private readonly int _inputs;
    private readonly Stopwatch _taken = Stopwatch.StartNew();
    private int _tenthsShown;

    public FuzzProgress(string family, int inputs, int seed)
    {
        _family = family;
        _inputs = inputs;
        Write($"{family}: {inputs} inputs, METERING_FUZZ_SEED={seed}");
    }

    public void Show(int done)
    {
        int tenths = (int)(10L * done / _inputs);
        int shown = Volatile.Read(ref _tenthsShown);
        if (tenths > shown && Interlocked.CompareExchange(ref _tenthsShown, tenths, shown) == shown && tenths < 10)
            Write($"{_family}: {done} of {_inputs} after {_taken.Elapsed.TotalSeconds:0.0} s");
    }

    public void End(FuzzRun run)
    {
        Write($"{_family}: {run.Done} inputs in {_taken.Elapsed.TotalSeconds:0.0} s, {run.Failures.Count} failures; {run.SentAgain} sent again alone; "
            + $"{run.CountedAtLeast} to {run.CountedAtMost} records accepted; {run.WellFormed} well-formed Writes between, all accepted");
        Write($"{_family}: " + string.Join(", ", run.Outcomes.OrderByDescending(outcome => outcome.Value).Select(outcome => $"{outcome.Key} × {outcome.Value}")));
    }

    private static void Write(string line) => Console.Error.WriteLine(line);
}
