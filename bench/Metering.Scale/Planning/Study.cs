namespace Metering.Scale;

/// <summary>One run, in words.</summary>
internal sealed record Scene(string Name, Outcome Outcome);

/// <summary>All runs of the capacity plan.</summary>
internal sealed record StudyResult(
    Figures Figures, int Seed, IReadOnlyList<Scene> Plans, IReadOnlyList<Cluster> NotEnough,
    IReadOnlyList<Scene> Growth, IReadOnlyList<Scene> Rows, IReadOnlyList<Scene> Failures);

/// <summary>The runs that docs/scale.md tells of.</summary>
internal sealed class Study(Figures figures, int seed, TextWriter progress)
{
    /// <summary>The rates that are planned for, in records a second.</summary>
    public static readonly double[] Rates = [1e6, 1e7, 1e8];

    private static readonly int[] Grown = [2, 8, 32];
    private static readonly int[] Numbers = [1, 16, 256];

    /// <summary>Records a second of the runs with failures: what one primary carries, too.</summary>
    public const double FailureRate = 500_000;

    /// <summary>Makes them all.</summary>
    /// <param name="rates">Rates to plan for.</param>
    /// <param name="stop">Ends it.</param>
    public StudyResult Run(IReadOnlyList<double> rates, CancellationToken stop)
    {
        var plans = new List<Scene>();
        var notEnough = new List<Cluster>();
        foreach (double rate in rates)
        {
            foreach (Layout layout in Enum.GetValues<Layout>())
            {
                Cluster plan = CapacityPlanner.Plan(layout, rate, figures) with { Seconds = SecondsFor(rate) };
                bool showsTheEnd = layout == Layout.Single && CapacityPlanner.DatabaseUseOf(plan, figures) < 2;
                if (showsTheEnd || CapacityPlanner.IsEnough(plan, figures))
                    plans.Add(Play(Names.Of(layout), plan, figures, stop));
                else
                    notEnough.Add(plan);
            }
        }

        return new StudyResult(figures, seed, plans, notEnough, [.. Growth(stop)], [.. Rows(stop)], [.. Failures(stop)]);
    }

    /// <summary>Time to simulate at a rate: long enough for the figures, short enough to wait for.</summary>
    internal static double SecondsFor(double rate) => Math.Clamp(3e6 / rate, 0.15, 2);

    // The same load for each database, with more and more of them: what a group that touches all of them costs.
    private IEnumerable<Scene> Growth(CancellationToken stop)
    {
        double each = 0.35 * 1e6 * figures.DatabaseCores / figures.DatabaseMicrosecondsPerRecord;
        foreach (Layout layout in new[] { Layout.Spread, Layout.PerDatabase, Layout.Routed })
        {
            foreach (int databases in Grown)
            {
                double rate = each * databases;
                Cluster cluster = CapacityPlanner.Plan(layout, rate, figures) with { Databases = databases, Seconds = SecondsFor(rate) };
                if (CapacityPlanner.NodeUseOf(cluster, figures) < 1)
                    yield return Play(Names.Of(layout), cluster, figures, stop);
            }
        }
    }

    // Lanes that share rows of totals wait for each other's commits.
    private IEnumerable<Scene> Rows(CancellationToken stop)
    {
        Cluster cluster = CapacityPlanner.Plan(Layout.Spread, 1e7, figures) with { Seconds = 0.5 };
        foreach (int numbers in Numbers)
            yield return Play(numbers == 1 ? "one row for all nodes" : $"{numbers} shares of a total", cluster, figures with { NodeNumbers = numbers }, stop);
    }

    private IEnumerable<Scene> Failures(CancellationToken stop)
    {
        // Shorter than in life, so that a run sees the whole of it.
        Figures brief = figures with { FailoverSeconds = 1, RetrySeconds = 0.25 };
        foreach (Failure failure in Enum.GetValues<Failure>())
        {
            foreach (Layout layout in Enum.GetValues<Layout>())
            {
                Cluster cluster = CapacityPlanner.Plan(layout, FailureRate, figures);
                cluster = cluster with
                {
                    Nodes = Math.Max(cluster.Nodes, 4),
                    Databases = layout == Layout.Single ? 1 : Math.Max(cluster.Databases, 4), Seconds = 4,
                    Failure = failure,
                };
                yield return Play(Names.Of(layout), cluster, brief, stop);
            }
        }
    }

    private Scene Play(string name, Cluster cluster, Figures used, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        Outcome outcome = SimulatedCluster.Run(cluster with { Seed = seed, WarmSeconds = Math.Min(cluster.WarmSeconds, cluster.Seconds) }, used);
        progress.WriteLine(FormattableString.Invariant(
            $"{name}: {cluster.Nodes} nodes, {cluster.Databases} databases, {cluster.RecordsPerSecond:N0} records/s offered, ")
            + FormattableString.Invariant($"{outcome.AnsweredPerSecond:N0} answered, p99 {outcome.RequestQuantile(0.99) * 1e3:N1} ms"));
        return new Scene(name, outcome);
    }
}

/// <summary>Names for people.</summary>
internal static class Names
{
    public static string Of(Layout layout) => layout switch
    {
        Layout.Single => "one primary",
        Layout.Spread => "Citus, as it is",
        Layout.PerDatabase => "a group a database",
        _ => "routed",
    };

    public static string Of(Failure failure) => failure switch
    {
        Failure.NodeLost => "a node is lost",
        Failure.PrimaryLost => "a primary is lost",
        Failure.SlowDatabase => "a database is slow",
        _ => "nothing",
    };
}
