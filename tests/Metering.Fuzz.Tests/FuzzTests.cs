using System.Text;

namespace Metering.Fuzz.Tests;

/// <summary>
/// No bytes that a client can send crash the server, hang it, or get an answer that is not documented; and none of them
/// keeps a client in order from being served and counted. See docs/guarantees.md for the long form and how to replay.
/// </summary>
public class FuzzTests
{
    private const int WellFormedEvery = 256;

    // Once in a process, and before anything else.
    private static readonly Lazy<Task> Regressions = new(SendRegressionsAsync);

    public static TheoryData<string> Families => new(InputFamilies.All.Select(family => family.Name));

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Mutated_inputs_are_answered_as_documented_and_harm_nobody(string name)
    {
        await Regressions.Value;
        FuzzSettings settings = FuzzSettings.Current;
        IInputFamily family = InputFamilies.All.Single(family => family.Name == name);
        IReadOnlyList<int> numbers = settings.NumbersOf(family);
        List<string> unobserved = [];
        void Observe(object? sender, UnobservedTaskExceptionEventArgs fault)
        {
            lock (unobserved)
                unobserved.Add(fault.Exception.ToString());
        }

        TaskScheduler.UnobservedTaskException += Observe;
        try
        {
            await using FuzzServer server = await FuzzServer.StartAsync();
            var run = new FuzzRun(server.Target, name, number => InputFamilies.Make(family, settings.Seed, number));
            var progress = new FuzzProgress(name, numbers.Count, settings.Seed);
            run.Run(numbers, WellFormedEvery, progress.Show);
            progress.End(run);
            Assert.True(run.Failures.Count == 0, Describe(run.Failures, settings));

            (long wellFormed, long others) = await server.CountedAsync();
            Assert.Equal(run.WellFormed, wellFormed);
            Assert.InRange(others, run.CountedAtLeast, run.CountedAtMost);
            Assert.Equal(numbers.Count, run.Done);
        }
        finally
        {
            GC.Collect(); // finds tasks whose exceptions nobody saw
            GC.WaitForPendingFinalizers();
            TaskScheduler.UnobservedTaskException -= Observe;
        }

        Assert.Empty(unobserved);
    }

    [Fact]
    public Task What_once_failed_does_not_fail_again() => Regressions.Value;

    [Fact]
    public void An_input_depends_on_seed_family_and_number_alone()
    {
        foreach (IInputFamily family in InputFamilies.All)
        {
            byte[][] inputs = [.. Enumerable.Range(0, 50).Select(number => InputFamilies.Make(family, 1, number).Bytes)];
            Assert.Equal(inputs, Enumerable.Range(0, 50).Reverse().Select(number => InputFamilies.Make(family, 1, number).Bytes).Reverse());
            Assert.True(inputs.Select(Convert.ToHexString).Distinct().Count() > 40, family.Name);
            Assert.NotEqual(inputs[0], InputFamilies.Make(family, 2, 0).Bytes);
        }
    }

    private static async Task SendRegressionsAsync()
    {
        await using FuzzServer server = await FuzzServer.StartAsync();
        using var lane = new FuzzLane(server.Target);
        List<FuzzFailure> failures = [];
        string folder = Path.Combine(AppContext.BaseDirectory, "Regressions");
        foreach (string path in Directory.EnumerateFiles(folder).Where(path => !path.EndsWith(".md")).Order(StringComparer.Ordinal))
        {
            FuzzInput input = FuzzInput.Load(path);
            Answer answer = lane.SendAlone(input);
            if (Documented.Fault(input, answer) is { } why)
                failures.Add(new FuzzFailure(Path.GetFileName(path), input, why, answer));
            if (server.Target.Log.Count > 0)
                failures.Add(new FuzzFailure(Path.GetFileName(path), input, $"the server logged: {server.Target.Log.Errors[0]}", answer));
            Assert.True(failures.Count == 0, string.Join('\n', failures));
        }
    }

    private static string Describe(IEnumerable<FuzzFailure> failures, FuzzSettings settings)
    {
        var text = new StringBuilder();
        foreach (FuzzFailure failure in failures.OrderBy(failure => failure.Name, StringComparer.Ordinal).Take(FuzzRun.FailuresMaximum))
        {
            string[] name = failure.Name.Split(':');
            string replay = name.Length == 2 && int.TryParse(name[1], out int number) ? settings.Replay(name[0], number) : $"METERING_FUZZ_SEED={settings.Seed}";
            text.AppendLine().AppendLine(failure.ToString()).AppendLine($"    send it again: {replay}").AppendLine($"    its bytes: {failure.Keep(settings.Seed)}");
        }

        return text.ToString();
    }
}
