using System.Text.Json;

namespace Metering.Scale.Tests;

/// <summary>The simulation of the machine on which bench/scale-node.sh measured: it must do about what that machine did.</summary>
public class MeasuredNodeTests
{
    private static readonly JsonElement Measured = JsonDocument.Parse(File.ReadAllText(Checkout.PathOf("bench/results/postgres-node.json"))).RootElement;

    // Turns in the order of the script: full requests, requests of one, one full request in flight, one of one, half of the first's rate.
    private static JsonElement Turn(int number) => Measured.GetProperty("turns")[number];

    [Fact]
    public void The_measurement_was_answered_in_full_and_its_turns_are_those_that_are_meant()
    {
        (int Records, int InFlight)[] meant = [(25, 1200), (1, 1200), (25, 1), (1, 1), (25, 1200)];
        Assert.Equal(meant, Measured.GetProperty("turns").EnumerateArray().Select(turn =>
            ((int)Of(turn, "recordsPerRequest"), (int)Of(turn, "requestsInFlight"))));
        Assert.All(Measured.GetProperty("turns").EnumerateArray(), turn => Assert.Equal(0, Of(turn, "failedRequests")));
        Assert.InRange(Of(Turn(4), "intendedRecordsPerSecond"), Of(Turn(0), "acceptedPerSecond") * 0.49, Of(Turn(0), "acceptedPerSecond") * 0.51);
    }

    [Fact]
    public void The_defaults_are_what_was_measured()
    {
        var figures = new Figures();
        Assert.Equal(Of(Turn(0), "nodeMicrosecondsPerRecord"), figures.NodeMicrosecondsPerRecord, 0.05);
        Assert.Equal(Of(Turn(0), "databaseMicrosecondsPerRecord"), figures.DatabaseMicrosecondsPerRecord, 0.05);
        Assert.Equal(Of(Measured, "databaseMicrosecondsPerTotal"), figures.DatabaseMicrosecondsPerTotal, 0.05);

        // What a group costs beside its records, from the turn with small ones.
        double records = Of(Turn(4), "recordsPerTransaction");
        Assert.Equal(Of(Turn(4), "databaseMicrosecondsPerTransaction") - (records * Of(Turn(0), "databaseMicrosecondsPerRecord")), figures.DatabaseMicrosecondsPerTransaction, 1.0);
        Assert.Equal(records * (Of(Turn(4), "nodeMicrosecondsPerRecord") - Of(Turn(0), "nodeMicrosecondsPerRecord")), figures.NodeMicrosecondsPerGroup, 1.0);
        Assert.Equal(Of(Turn(0), "logBytesPerRecord"), figures.LogBytesPerRecord, 0.5);
        Assert.Equal(Of(Turn(3), "flushMilliseconds"), figures.FlushMilliseconds, 0.005);
    }

    [Fact]
    public void What_the_operator_is_told_of_the_disk_is_what_was_measured()
    {
        string page = File.ReadAllText(Checkout.PathOf("docs/operating-postgres.md"));
        Assert.Contains($"{Of(Measured, "diskBytesPerRecord"):F0} bytes", page);
        Assert.Contains($"{Of(Measured, "indexBytesPerRecord"):F0} of them", page);
        Assert.Contains($"{Of(Turn(0), "logBytesPerRecord"):F0} bytes of log", page);
    }

    // Node, database and load generator share the processors; nothing is replicated, and nothing travels.
    private static Figures OneMachine(int turn) => new()
    {
        NodeCores = (int)Of(Measured, "processors"), RoundTripMilliseconds = 0, ReplicationMilliseconds = 0, TotalRows = 1,
        NodeMicrosecondsPerRecord = Of(Turn(0), "nodeMicrosecondsPerRecord") + Of(Turn(turn), "loadMicrosecondsPerRecord"),
    };

    [Fact]
    public void The_rate_of_the_measured_machine_comes_out()
    {
        double measured = Of(Turn(0), "acceptedPerSecond");
        Assert.InRange(Reached(OneMachine(0)), measured * 0.75, measured * 1.33);
        Assert.NotInRange(Reached(OneMachine(0) with { DatabaseMicrosecondsPerRecord = OneMachine(0).DatabaseMicrosecondsPerRecord * 3 }), measured * 0.75, measured * 1.33);
        Assert.NotInRange(Reached(OneMachine(0) with { FlushMilliseconds = 2000 }), measured * 0.75, measured * 1.33);
    }

    [Fact]
    public void Half_of_that_rate_is_carried_and_its_latency_is_of_the_measured_order()
    {
        double rate = Of(Turn(4), "intendedRecordsPerSecond"), measured = Of(Turn(4), "p50Milliseconds");
        Outcome outcome = Run(OneMachine(4), rate);
        Assert.True(outcome.KeepsUp);
        Assert.InRange(outcome.RequestQuantile(0.5) * 1e3, measured / 4, measured * 4);
        Assert.NotInRange(Run(OneMachine(4) with { FlushMilliseconds = 500 }, rate).RequestQuantile(0.5) * 1e3, measured / 4, measured * 4);
    }

    private static double Reached(Figures figures) => Run(figures, 5_000_000).AnsweredPerSecond;

    private static Outcome Run(Figures figures, double rate) =>
        SimulatedCluster.Run(new Cluster(Layout.Single, 1, 1, rate) { IsOneMachine = true, Seconds = 10, WarmSeconds = 2 }, figures);

    private static double Of(JsonElement measured, string name) => measured.GetProperty(name).GetDouble();
}
