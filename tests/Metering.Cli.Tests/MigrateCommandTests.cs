using System.Text.Json;
using Metering.Server;

namespace Metering.Cli.Tests;

public sealed class MigrateCommandTests : IDisposable
{
    private static readonly Guid Ledger = new("01234567-89ab-4def-8123-456789abcdef");

    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Theory]
    [InlineData("--from is 'sqlite:PATH'", "--from", "metering-data", "--to", "postgres: Host=secret")]
    [InlineData("--from is 'sqlite:PATH'", "--from", "sqlite:", "--to", "postgres: Host=secret")]
    [InlineData("--to is 'postgres: CONNECTION'", "--from", "sqlite:metering-data", "--to", "Host=secret")]
    [InlineData("--to is 'postgres: CONNECTION'", "--from", "sqlite:metering-data", "--to", "postgres:  ")]
    [InlineData("--to is missing", "--from", "sqlite:metering-data")]
    [InlineData("Option '--from' is required", "--to", "postgres: Host=secret")]
    public async Task What_is_no_place_of_a_ledger_is_refused_without_repeating_it(string message, params string[] arguments)
    {
        Outcome outcome = await _line.RunAsync(["migrate", .. arguments]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Error);
        Assert.DoesNotContain("secret", outcome.Error);
    }

    [Fact]
    public async Task A_ledger_that_is_not_there_is_not_made()
    {
        Outcome outcome = await _line.RunAsync("migrate", "--from", "sqlite:metering-data", "--to", "postgres: Host=127.0.0.1;Port=1");

        Assert.Equal(4, outcome.ExitCode);
        Assert.Contains($"There is no ledger to move at {Path.Combine(_line.Folder, "metering-data")}", outcome.Error);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_line.Folder));
    }

    [Fact]
    public async Task A_database_that_is_away_is_named_without_its_password_and_the_environment_may_hold_it()
    {
        await MakeLedgerAsync();
        _line.Environment["METERING_STORE"] = "postgres: Host=127.0.0.1;Port=1;Username=metering;Password=correct-horse";
        Outcome outcome = await _line.RunAsync("migrate", "--from", "sqlite:metering-data");

        Assert.Equal(4, outcome.ExitCode);
        Assert.Contains("127.0.0.1:1, database metering cannot be reached", outcome.Error);
        Assert.DoesNotContain("correct-horse", outcome.Error);
    }

    [Fact]
    public void At_a_terminal_progress_is_a_bar_with_rate_and_time_left()
    {
        _line.IsTerminal = true;
        string shown = Show(new MoveProgress(MovePhase.Moving, 0, 4_000_000), new MoveProgress(MovePhase.Moving, 1_000_000, 4_000_000));

        Assert.Contains("██████░░░░░░░░░░░░░░░░░░", shown);
        Assert.Contains("25%  Moving: 1,000,000 of 4,000,000 records, 100,000/s, about 30 s left", shown.Replace(" %", "%"));
        Assert.EndsWith("\r\e[K", shown);
    }

    [Fact]
    public void In_a_pipe_progress_is_plain_lines_and_those_of_runs_before_do_not_make_the_rate()
    {
        string shown = Show(
            new MoveProgress(MovePhase.Moving, 3_000_000, 4_000_000), new MoveProgress(MovePhase.Moving, 3_500_000, 4_000_000),
            new MoveProgress(MovePhase.Proving, 4_000_000, 4_000_000));

        Assert.Equal(
            [
                "Moving: 3,000,000 of 4,000,000 records",
                "Moving: 3,500,000 of 4,000,000 records, 50,000/s, about 10 s left",
                "Comparing totals, and totals with records",
                "",
            ],
            shown.Split('\n'));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(2, false)]
    public void The_report_for_programs_says_whether_all_is_well(int differences, bool isComplete)
    {
        using var output = new StringWriter();
        MigrationReport.WriteJson(Report(differences), _line.MakeTerminal(output, TextWriter.Null));
        JsonElement json = JsonElement.Parse(output.ToString());

        Assert.Equal(isComplete, json.GetProperty("complete").GetBoolean());
        Assert.Equal(differences, json.GetProperty("differences").GetArrayLength());
        Assert.Equal(Ledger, json.GetProperty("ledger").GetGuid());
        Assert.Equal((1_234_567, 234_567), (json.GetProperty("records").GetInt64(), json.GetProperty("movedRecords").GetInt64()));
        Assert.Equal((12, 3, 4, 2, 1), (
            json.GetProperty("totals").GetInt32(), json.GetProperty("rejectionCounts").GetInt32(), json.GetProperty("catalogObjects").GetInt32(),
            json.GetProperty("signingKeys").GetInt32(), json.GetProperty("revocations").GetInt32()));
        Assert.True(json.GetProperty("adminToken").GetBoolean());
    }

    [Fact]
    public void The_report_for_people_says_what_to_do_next()
    {
        using StringWriter output = new(), error = new();
        MigrationReport.Write(Report(0), _line.MakeTerminal(output, error));
        Assert.Contains(
            "1,234,567 records, 12 totals, 3 counts of rejections, 5 rejected records, 1 place in the feed, 4 objects of the catalog, 2 signing keys, 1 revocation and the admin token.", output.ToString());
        Assert.Contains("Serve it with --store", output.ToString());
        Assert.Empty(error.ToString());

        MigrationReport.Write(Report(1), _line.MakeTerminal(output, error));
        Assert.Contains("difference 0", output.ToString());
        Assert.Contains("stays closed to servers", error.ToString());
    }

    private static MoveReport Report(int differences) => new(Ledger, "db:5432, database metering", 1_234_567, 234_567)
    {
        Totals = 12, Rejections = 3, RejectedRecords = 5, Consumers = 1, CatalogObjects = 4, SigningKeys = 2, Revocations = 1, HasAdminToken = true,
        Differences = [.. Enumerable.Range(0, differences).Select(number => $"difference {number}")],
    };

    private string Show(params MoveProgress[] steps)
    {
        using var error = new StringWriter();
        var time = new SteppingClock();
        var line = new Terminal
        {
            Output = TextWriter.Null,
            Error = error,
            OpenInput = () => Stream.Null,
            Environment = _ => null,
            Folder = _line.Folder,
            ErrorIsTerminal = _line.IsTerminal,
            Time = time,
        };
        var progress = new MigrationProgress(line);
        foreach (MoveProgress step in steps)
        {
            progress.Report(step);
            time.Ticks += TimeSpan.TicksPerSecond * 10;
        }

        progress.Clear();
        return error.ToString();
    }

    private async Task MakeLedgerAsync()
    {
        var options = new ServerOptions
        {
            Data = Path.Combine(_line.Folder, "metering-data"), ListenHttp = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0), ListenGrpc = null, ListenHttps = null,
        };
        await using MeteringServer server = await Server.Program.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);
    }

    private sealed class SteppingClock : TimeProvider
    {
        public long Ticks { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Ticks;
    }
}
