using System.Text.Json.Serialization;
using Metering.Load;

namespace Metering.Bench;

/// <summary>What reading takes, and what it costs those who write. Parts that were left out are null.</summary>
internal sealed record ReadsFigures
{
    /// <summary>Export and verification of the whole ledger.</summary>
    public RecordsRead? Records { get; init; }

    /// <summary>Questions about totals.</summary>
    public MonthRead? Totals { get; init; }

    /// <summary>Writes with reads beside them.</summary>
    public WritesBesideReads? Beside { get; init; }

    /// <summary>Part of the processors' time that the machine's host took for others, from 0 to 1.</summary>
    public double StolenShare { get; init; }
}

/// <summary>Commands that read every record.</summary>
/// <param name="Records">Records in the ledger.</param>
/// <param name="Series">Series that they belong to.</param>
/// <param name="Commands">What was run, each against a server process of its own.</param>
internal sealed record RecordsRead(long Records, int Series, IReadOnlyList<CommandTimes> Commands);

/// <summary>A command of the command line, timed from the start of its process to its end.</summary>
/// <param name="Name">The command as it is typed.</param>
/// <param name="Records">Records that it read.</param>
/// <param name="FirstSeconds">The first that its server process was asked.</param>
/// <param name="NextSeconds">The same command, again and again.</param>
internal sealed record CommandTimes(string Name, long Records, double FirstSeconds, IReadOnlyList<double> NextSeconds)
{
    /// <summary>Records a second of a server that was just started.</summary>
    public double ColdPerSecond => Records / FirstSeconds;

    /// <summary>Records a second of a server that was asked before: the median.</summary>
    public double WarmPerSecond => Records / Median.Of(NextSeconds);
}

/// <summary>Questions about thirty days of usage.</summary>
/// <param name="Records">Records in the ledger.</param>
/// <param name="Series">Series that they belong to.</param>
/// <param name="Questions">What each took.</param>
internal sealed record MonthRead(long Records, int Series, IReadOnlyList<QuestionTimes> Questions);

/// <summary>Full-rate writes in pairs of turns: alone, and with a verification, an export and ten queries a second all the while.</summary>
/// <param name="RecordsBefore">Records in the ledger at the beginning.</param>
/// <param name="Seconds">Length of a turn.</param>
/// <param name="Pairs">The pairs.</param>
internal sealed record WritesBesideReads(long RecordsBefore, double Seconds, IReadOnlyList<WritePair> Pairs)
{
    /// <summary>The rate with reads as a part of the rate alone: the median of the pairs.</summary>
    public double Part => Median.Of(Pairs.Select(pair => pair.Beside.AcceptedPerSecond / pair.Alone.AcceptedPerSecond));
}

/// <summary>Two turns, one right after the other.</summary>
/// <param name="Alone">Writes alone.</param>
/// <param name="Beside">Writes with reads.</param>
/// <param name="Reads">What the reads got done meanwhile.</param>
internal sealed record WritePair(LoadFigures Alone, LoadFigures Beside, ReadsDone Reads);

/// <summary>What was read in a turn.</summary>
/// <param name="Seconds">How long the reads ran: somewhat longer than the turn that counts.</param>
/// <param name="Verified">Records that the verification read.</param>
/// <param name="Exported">Records that the export gave.</param>
/// <param name="QueryMilliseconds">What each query took, from the moment when it was due.</param>
internal sealed record ReadsDone(double Seconds, long Verified, long Exported, [property: JsonIgnore] IReadOnlyList<double> QueryMilliseconds)
{
    /// <summary>Number of queries that were answered.</summary>
    public int Queries => QueryMilliseconds.Count;

    /// <summary>The query in the middle; null without any.</summary>
    public double? QueryP50Milliseconds => Queries == 0 ? null : Median.Of(QueryMilliseconds);
}
