using Metering.Load;

namespace Metering.Bench;

/// <summary>What a run measured.</summary>
/// <param name="Options">How it was made.</param>
/// <param name="Machine">On what.</param>
/// <param name="Started">When.</param>
/// <param name="Contenders">Every contender that had its turns, in the order of a round.</param>
/// <param name="PostgresClients">Clients of pgbench; 0 without PostgreSQL.</param>
/// <param name="Latency">The server's latencies; null when they were left out.</param>
internal sealed record BenchResult(
    BenchOptions Options, Machine Machine, DateTimeOffset Started, IReadOnlyList<ContenderTurns> Contenders, int PostgresClients, LatencyFigures? Latency)
{
    /// <summary>Part of the processors' time that the machine's host took for others, from 0 to 1.</summary>
    public double StolenShare { get; init; }

    /// <summary>The turns of one contender; null when it was left out.</summary>
    public ContenderTurns? Find(string name) => Contenders.FirstOrDefault(contender => contender.Name == name);

    /// <summary>What a contender reached as a part of another in the same round: the median over the rounds; null when one is missing.</summary>
    public double? RatioOf(string name, string other) => Find(name) is { } its && Find(other) is { } others
        ? Median.Of(its.Turns.Zip(others.Turns, (turn, otherTurn) => turn.RecordsPerSecond / otherTurn.RecordsPerSecond))
        : null;

    /// <summary>The echo with as many records a request as a contender has.</summary>
    public static string EchoFor(string name) => name is Parts.EchoSingle or Parts.ServerSingle ? Parts.EchoSingle : Parts.EchoFull;
}

/// <summary>A contender's turns, one a round.</summary>
internal sealed record ContenderTurns(string Name, string Does, IReadOnlyList<Turn> Turns)
{
    public double RecordsPerSecond => Median.Of(Turns.Select(turn => turn.RecordsPerSecond));

    public double Least => Turns.Min(turn => turn.RecordsPerSecond);

    public double Most => Turns.Max(turn => turn.RecordsPerSecond);

    /// <summary>The median of something that not every contender tells; null when none of the turns does.</summary>
    public double? MedianOf(Func<Turn, double?> figure)
    {
        double[] known = [.. Turns.Select(figure).OfType<double>()];
        return known.Length == 0 ? null : Median.Of(known);
    }
}
