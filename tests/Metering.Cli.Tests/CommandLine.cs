using System.Text;
using Metering.Client.Tests;
using Yandex.Cloud.Marketplace.Metering.V1;
using Reason = Yandex.Cloud.Marketplace.Metering.V1.RejectedUsageRecord.Types.Reason;

namespace Metering.Cli.Tests;

/// <summary>What a command line left behind.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Error);

/// <summary>Runs command lines in this process, in a folder of their own, with captured output.</summary>
internal sealed class CommandLine : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 30, 0, TimeSpan.Zero);

    public string Folder { get; } = Directory.CreateTempSubdirectory("metering-cli-").FullName;

    public Dictionary<string, string> Environment { get; } = [];

    public byte[] Input { get; set; } = [];

    public bool IsTerminal { get; set; }

    public TimeProvider Time { get; init; } = new StandingClock();

    public int Width { get; set; } = 120;

    public CancellationToken Interrupted { get; set; } = TestContext.Current.CancellationToken;

    public async Task<Outcome> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        Terminal terminal = MakeTerminal(output, error);
        int exitCode = await Program.RunAsync(arguments, terminal, Interrupted);
        return new Outcome(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>What a command of this line sees of the world around it.</summary>
    public Terminal MakeTerminal(TextWriter output, TextWriter error) => new()
    {
        Output = output,
        Error = error,
        OpenInput = () => new MemoryStream(Input),
        Environment = name => Environment.GetValueOrDefault(name),
        Folder = Folder,
        OutputIsTerminal = IsTerminal,
        ErrorIsTerminal = IsTerminal,
        Width = Width,
        Time = Time,
    };

    /// <summary>Runs against a server, as an administrator and with a token.</summary>
    public Task<Outcome> RunAsync(ScriptedServer server, params string[] arguments)
    {
        Environment["METERING_ADDRESS"] = server.Address;
        Environment.TryAdd("METERING_ADMIN_TOKEN", "a1");
        Environment.TryAdd("METERING_TOKEN", "t1");
        return RunAsync(arguments);
    }

    public string Write(string name, string content)
    {
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content, new UTF8Encoding(false));
        return path;
    }

    public string Read(string name) => File.ReadAllText(Path.Combine(Folder, name));

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    public static CannedAnswer Judge(Exchange exchange, Func<UsageRecord, Reason?> judge)
    {
        var answer = new WriteUsageResponse();
        foreach (UsageRecord record in exchange.Read(WriteUsageRequest.Parser).UsageRecords)
        {
            if (judge(record) is { } reason)
                answer.Rejected.Add(new RejectedUsageRecord { Uuid = record.Uuid, Reason = reason });
            else
                answer.Accepted.Add(new AcceptedUsageRecord { Uuid = record.Uuid });
        }

        return ScriptedServer.Reply(answer);
    }

    public static CannedAnswer AcceptAll(Exchange exchange) => Judge(exchange, _ => null);

    public static UsageRecord[] RecordsOf(ScriptedServer server) =>
        [.. server.Exchanges.SelectMany(exchange => exchange.Read(WriteUsageRequest.Parser).UsageRecords)];

    private sealed class StandingClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}
