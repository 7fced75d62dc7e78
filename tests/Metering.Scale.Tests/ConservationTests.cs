namespace Metering.Scale.Tests;

/// <summary>Whatever fails, every record that arrived is counted once or still on its way.</summary>
public class ConservationTests
{
    private static readonly Figures Figures = new() { FailoverSeconds = 0.4, RetrySeconds = 0.1, SlowFactor = 2 };

    public static TheoryData<string, string> Cases => [.. from layout in Enum.GetNames<Layout>() from failure in Enum.GetNames<Failure>() select (layout, failure)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_record_is_counted_once_or_still_on_its_way(string layout, string failure)
    {
        Outcome outcome = Run(layout, failure, seed: 1);
        Assert.True(outcome.Arrived > 300_000);
        Assert.Equal(outcome.Arrived, outcome.Accepted + outcome.Uncounted);
        Assert.InRange(outcome.Accepted, outcome.Arrived * 0.9, outcome.Arrived); // it went on afterwards
        Assert.True(outcome.KeepsUp);
    }

    [Theory]
    [InlineData(nameof(Layout.Single))]
    [InlineData(nameof(Layout.Routed))]
    public void A_lost_node_leaves_records_counted_that_their_senders_repeat(string layout)
    {
        Assert.True(Run(layout, nameof(Failure.NodeLost), seed: 1).Duplicates > 0);
        Assert.Equal(0, Run(layout, nameof(Failure.None), seed: 1).Duplicates); // control
    }

    [Theory]
    [InlineData(nameof(Layout.Spread), 0.99)]
    [InlineData(nameof(Layout.PerDatabase), 0.5)]
    public void A_lost_primary_stops_what_has_to_do_with_it_and_no_more(string layout, double quantile)
    {
        Outcome outcome = Run(layout, nameof(Failure.PrimaryLost), seed: 1);
        Assert.True(outcome.GivenUp > 0);
        Assert.InRange(outcome.Latency.Longest, 0.4, 1);
        double part = outcome.Latency.PartAbove(0.1); // of two seconds, 0.4 were without that primary
        Assert.InRange(part, layout == nameof(Layout.Spread) ? 0.12 : 0.02, layout == nameof(Layout.Spread) ? 0.25 : 0.06);
        Assert.True(outcome.Latency.Quantile(quantile) > 0);
    }

    [Fact]
    public void Lanes_that_share_rows_wait_for_each_other()
    {
        Cluster cluster = QueueTheoryTests.ClusterOf(nameof(Layout.Spread), 400_000);
        Outcome shared = SimulatedCluster.Run(cluster, new Figures { NodeNumbers = 1 });
        Outcome apart = SimulatedCluster.Run(cluster, new Figures());
        Assert.True(shared.RowWaits > 0.2);
        Assert.Equal(0, apart.RowWaits);
        Assert.True(shared.Latency.Mean > apart.Latency.Mean * 1.5);
    }

    [Fact]
    public void The_same_seed_gives_the_same_run_and_another_gives_another()
    {
        static (long, long, double, double) Essence(Outcome outcome) => (outcome.Arrived, outcome.Accepted, outcome.Latency.Mean, outcome.GroupRecords);
        Assert.Equal(Essence(Run(nameof(Layout.Spread), nameof(Failure.NodeLost), 7)), Essence(Run(nameof(Layout.Spread), nameof(Failure.NodeLost), 7)));
        Assert.NotEqual(Essence(Run(nameof(Layout.Spread), nameof(Failure.NodeLost), 7)), Essence(Run(nameof(Layout.Spread), nameof(Failure.NodeLost), 8)));
    }

    private static Outcome Run(string layout, string failure, int seed) => SimulatedCluster.Run(
        QueueTheoryTests.ClusterOf(layout, 200_000) with { Failure = Enum.Parse<Failure>(failure), FailureAtSeconds = 0.6, Seconds = 2, Seed = seed }, Figures);
}
