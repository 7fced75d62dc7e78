namespace Metering.Bench;

/// <summary>How a run is made; valid as a whole once made by <see cref="BenchCommand"/>.</summary>
internal sealed record BenchOptions
{
    /// <summary>What a full ledger has.</summary>
    public const long HundredMillionRecords = 100_000_000;

    /// <summary>Root of the checkout in which server and load generator are built.</summary>
    public required string Checkout { get; init; }

    /// <summary>What is read as a whole.</summary>
    public const long MillionRecords = 1_000_000;

    /// <summary>Series that are asked about.</summary>
    public const int MonthSeries = 10_000;

    /// <summary>Which parts are run, of <see cref="Parts.All"/>, or of <see cref="Parts.AllReads"/>, or <see cref="Parts.HundredMillion"/>.</summary>
    public required IReadOnlyList<string> Only { get; init; }

    /// <summary>How often each contender has its turn.</summary>
    public required int Rounds { get; init; }

    /// <summary>Length of a turn with 25 records a request, and of the load at half of the maximum rate.</summary>
    public required double Seconds { get; init; }

    /// <summary>Length of the load that a new server is warmed up with.</summary>
    public required double WarmSeconds { get; init; }

    /// <summary>Whether server, echo and ledger are new in every round, rather than used for the whole run.</summary>
    public required bool IsNewEachRound { get; init; }

    /// <summary>Rows that the table with a uuid key holds before its first turn.</summary>
    public required int TableRows { get; init; }

    /// <summary>Whether it is to be over in no time, rather than exact.</summary>
    public bool IsShort { get; init; }

    /// <summary>Records that the ledger of <see cref="Parts.HundredMillion"/> is filled with, and at least that of <see cref="Parts.ReadsRecords"/>.</summary>
    public long RecordsInLedger { get; init; } = HundredMillionRecords;

    /// <summary>Series of the month of <see cref="Parts.ReadsTotals"/>; a multiple of ten.</summary>
    public int Series { get; init; } = MonthSeries;

    public required int Connections { get; init; }

    /// <summary>Requests in flight on each connection.</summary>
    public required int Streams { get; init; }

    /// <summary>Folder on the disk that is measured; each contender gets a folder of its own in it, which is gone afterwards.</summary>
    public required string Data { get; init; }

    /// <summary>Folder that takes the JSON document and the chart.</summary>
    public required string Results { get; init; }

    /// <summary>Whether the result is printed as JSON.</summary>
    public required bool IsJson { get; init; }

    /// <summary>Document that takes the table; null for none.</summary>
    public required string? Document { get; init; }

    /// <summary>What was typed, for the report.</summary>
    public required string Command { get; init; }

    /// <summary>Length of the other turns: their figures settle sooner.</summary>
    public double OtherSeconds => Math.Max(Seconds / 3, Math.Min(Seconds, 1));

    /// <summary>Those of some parts that are to be run.</summary>
    public IReadOnlyList<string> Choose(params string[] names) => [.. names.Where(Only.Contains)];

    /// <summary>Records that the load has in flight with full requests.</summary>
    public int RecordsInFlight => Connections * Streams * Parts.FullRequest;
}
