namespace Metering.Scale.Tests;

/// <summary>The simulation against what queueing theory says exactly.</summary>
public class QueueTheoryTests
{
    // One lane, one record at a time, always the same work and nothing else: a queue M/D/1.
    private static readonly Figures OneAtATime = new()
    {
        DatabaseCores = 1, DatabaseMicrosecondsPerRecord = 100, DatabaseMicrosecondsPerTotal = 0, DatabaseMicrosecondsPerTransaction = 0,
        NodeMicrosecondsPerRecord = 0, NodeMicrosecondsPerGroup = 0, FlushMilliseconds = 0, LogBytesPerRecord = 0, RoundTripMilliseconds = 0, ReplicationMilliseconds = 0,
        Lanes = 1, GroupRequests = 1, RequestRecords = 1,
    };

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.6)]
    [InlineData(0.8)]
    public void One_record_at_a_time_waits_as_in_a_queue_with_constant_work(double use)
    {
        const double Work = 100e-6;
        Outcome outcome = SimulatedCluster.Run(new Cluster(Layout.Single, 1, 1, use / Work) { Seconds = 40 }, OneAtATime);
        double wait = outcome.Latency.Mean - Work;
        double constant = use / (2 * (1 - use)) * Work; // Pollaczek and Khinchine
        Assert.InRange(wait, constant * 0.93, constant * 1.07);
        Assert.NotInRange(wait, constant * 2 * 0.93, constant * 2 * 1.07); // control: what work of random length would wait
        Assert.InRange(outcome.DatabaseProcessors, use * 0.98, use * 1.02);
    }

    // One lane that takes all that waits, where a group costs a + b for each record: what arrives during a group is the next one,
    // so a group's mean length t solves t = a + b × rate × t.
    [Theory]
    [InlineData(20_000)]
    [InlineData(70_000)]
    public void What_waits_becomes_the_next_group(double rate)
    {
        const double Flush = 5e-3, Record = 10e-6;
        Figures figures = OneAtATime with { DatabaseMicrosecondsPerRecord = Record * 1e6, FlushMilliseconds = Flush * 1e3, GroupRequests = 1_000_000 };
        Outcome outcome = SimulatedCluster.Run(new Cluster(Layout.Single, 1, 1, rate) { Seconds = 50 }, figures);
        double seconds = Flush / (1 - (rate * Record));
        Assert.InRange(outcome.GroupRecords, rate * seconds * 0.97, rate * seconds * 1.03);
        Assert.NotInRange(outcome.GroupRecords, rate * Flush * 0.97, rate * Flush * 1.03); // control: records that cost nothing
    }

    [Theory]
    [InlineData(nameof(Layout.Single))]
    [InlineData(nameof(Layout.Spread))]
    [InlineData(nameof(Layout.PerDatabase))]
    [InlineData(nameof(Layout.Routed))]
    public void As_many_records_are_inside_as_arrive_while_one_is_inside(string layout)
    {
        Outcome outcome = SimulatedCluster.Run(ClusterOf(layout, 400_000) with { Seconds = 3 }, new Figures());
        double little = outcome.AnsweredPerSecond * outcome.Latency.Mean;
        Assert.InRange(outcome.RecordsInside, little * 0.9, little * 1.1);
        Assert.NotInRange(outcome.RecordsInside, little * 2 * 0.9, little * 2 * 1.1);
    }

    [Fact]
    public void Beyond_what_the_processors_can_the_rate_is_what_they_can()
    {
        var figures = new Figures { NodeCores = 1, DatabaseCores = 64, NodeMicrosecondsPerRecord = 5, DatabaseMicrosecondsPerRecord = 1, TotalRows = 1 };
        Outcome outcome = SimulatedCluster.Run(new Cluster(Layout.Single, 1, 1, 1_000_000) { Seconds = 10 }, figures);
        Assert.False(outcome.KeepsUp);
        Assert.InRange(outcome.AnsweredPerSecond, 180_000, 202_000); // 1 processor ÷ 5 µs
        Assert.True(SimulatedCluster.Run(new Cluster(Layout.Single, 1, 1, 100_000), figures).KeepsUp); // control
    }

    internal static Cluster ClusterOf(string layout, double rate) =>
        new(Enum.Parse<Layout>(layout), 4, layout == nameof(Layout.Single) ? 1 : 4, rate);
}
