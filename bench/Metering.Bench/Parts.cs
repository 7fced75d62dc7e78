namespace Metering.Bench;

/// <summary>The parts of a run by the names that the command line, the table and the JSON document share.</summary>
internal static class Parts
{
    public const string EchoFull = "echo-25";
    public const string ServerFull = "server-25";
    public const string EchoSingle = "echo-1";
    public const string ServerSingle = "server-1";
    public const string ServerOnPostgres = "server-postgres";
    public const string NodesOnPostgres = "two-nodes";
    public const string Postgres = "postgres";
    public const string Sqlite = "sqlite";
    public const string Disk = "disk";

    /// <summary>The server's latency with one request in flight and at half of its rate; no contender.</summary>
    public const string Latency = "latency";

    /// <summary>How the server does with a full ledger: a run by itself, only when it is asked for.</summary>
    public const string HundredMillion = "hundred-million";

    /// <summary>What reading takes: a run by itself, of the three parts below.</summary>
    public const string Reads = "reads";

    /// <summary>Export and verification of a whole ledger.</summary>
    public const string ReadsRecords = "reads-records";

    /// <summary>Questions about totals.</summary>
    public const string ReadsTotals = "reads-totals";

    /// <summary>Writes with reads beside them.</summary>
    public const string ReadsBeside = "reads-beside";

    /// <summary>Most records of one request.</summary>
    public const int FullRequest = Ledger.Limits.RecordsPerWrite;

    /// <summary>Every part of a run, in the order of a round.</summary>
    public static readonly IReadOnlyList<string> All =
        [EchoFull, EchoSingle, ServerFull, ServerSingle, ServerOnPostgres, NodesOnPostgres, Postgres, Sqlite, Disk, Latency];

    /// <summary>Every part of <see cref="Reads"/>.</summary>
    public static readonly IReadOnlyList<string> AllReads = [ReadsRecords, ReadsTotals, ReadsBeside];

    /// <summary>Whether it is this server, on either store.</summary>
    public static bool IsOurs(string name) => name is ServerFull or ServerSingle or ServerOnPostgres or NodesOnPostgres;

    /// <summary>Records in each request of a part that the load generator drives.</summary>
    public static int RecordsEach(string name) => name is EchoSingle or ServerSingle ? 1 : FullRequest;

    /// <summary>The turn of a contender that has one part.</summary>
    public static IReadOnlyDictionary<string, Turn> Only(string name, Turn turn) => new Dictionary<string, Turn> { [name] = turn };
}
