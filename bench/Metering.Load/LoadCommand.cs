using System.CommandLine;

namespace Metering.Load;

/// <summary>The command line: options, their checks and defaults.</summary>
internal sealed class LoadCommand
{
    private const int MaximumRecords = 25;
    private const int MaximumIdCharacters = 50;
    private const int MaximumTokenCharacters = 4096;
    private const int MaximumConnections = 1024;
    private const int MaximumStreams = 10_000;
    private const double DefaultSeconds = 10;

    private readonly Option<string> _address = new("--address")
    {
        Description = "host:port of the server's cleartext gRPC", DefaultValueFactory = _ => "127.0.0.1:8081",
    };

    private readonly Option<string?> _token = new("--token") { Description = "IAM token" };
    private readonly Option<string?> _tokenFile = new("--token-file") { Description = "file that holds the IAM token" };

    private readonly Option<WriteService> _service = new("--service")
    {
        Description = "ProductUsageService (owner: product instance) or ImageProductUsageService (owner: product)",
        DefaultValueFactory = _ => WriteService.Product,
    };

    private readonly Option<string> _owner = new("--owner")
    {
        Description = "product instance, or product with --service image", Required = true,
    };

    private readonly Option<string[]> _skus = new("--sku")
    {
        Description = "SKU, or several with commas between", Required = true, AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<int> _records = new("--records")
    {
        Description = "records in a request, 1 to 25", DefaultValueFactory = _ => MaximumRecords,
    };

    private readonly Option<int> _connections = new("--connections") { Description = "connections", DefaultValueFactory = _ => 2 };

    private readonly Option<int> _streams = new("--streams")
    {
        Description = "requests in flight on each connection", DefaultValueFactory = _ => 64,
    };

    private readonly Option<double?> _seconds = new("--seconds") { Description = "time of sending (10 unless --requests is given)" };
    private readonly Option<long?> _requests = new("--requests") { Description = "number of requests over all connections" };
    private readonly Option<double> _warm = new("--warm") { Description = "time of sending before that, uncounted" };
    private readonly Option<double> _duplicates = new("--duplicates") { Description = "percent of records that repeat a counted uuid" };

    private readonly Option<UuidVersion> _uuid = new("--uuid")
    {
        Description = "version of fresh uuids", DefaultValueFactory = _ => UuidVersion.V4,
    };

    private readonly Option<long?> _seed = new("--seed")
    {
        Description = "number from which the uuids follow: with the same number, connections, records and requests, another run sends the same ones. "
            + "Not with --duplicates or --uuid v7; those of --warm are others",
    };

    private readonly Option<double> _rate = new("--rate")
    {
        Description = "records a second over all connections; latency then counts from the intended moment of sending",
    };

    private readonly Option<OutputFormat> _output = new("--output")
    {
        Description = "form of the summary", DefaultValueFactory = _ => OutputFormat.Text,
    };

    private readonly Option<string?> _acknowledged = new("--acknowledged")
    {
        Description = "file to append the uuid of every acknowledged record to, 16 bytes each",
    };

    /// <summary>The command, which hands valid options to <paramref name="run"/> and exits with what it returns.</summary>
    public RootCommand Create(Func<LoadOptions, int> run)
    {
        var command = new RootCommand("Sends usage to a Marketplace Metering server as fast as it takes it, and counts every verdict.")
        {
            _address, _token, _tokenFile, _service, _owner, _skus, _records, _connections, _streams, _seconds, _requests,
            _warm, _duplicates, _uuid, _seed, _rate, _output, _acknowledged,
        };
        command.SetAction(parsed =>
        {
            List<string> faults = Check(parsed);
            return faults.Count == 0 ? run(Read(parsed)) : throw new LoadException(string.Join(Environment.NewLine, faults));
        });
        return command;
    }

    // All faults together. Not validators of the command: those see no default values.
    private List<string> Check(ParseResult result)
    {
        var faults = new List<string>();
        void Require(bool holds, string fault)
        {
            if (!holds)
                faults.Add(fault);
        }

        string address = result.GetRequiredValue(_address);
        int colon = address.LastIndexOf(':');
        Require(
            colon > 0 && ushort.TryParse(address[(colon + 1)..], out ushort port) && port > 0,
            $"--address '{address}' is not host:port.");
        string? token = result.GetValue(_token), tokenFile = result.GetValue(_tokenFile);
        Require(token is null != tokenFile is null, "Give the IAM token by --token or by --token-file.");
        Require(IsId(result.GetValue(_owner) ?? ""), "--owner is not an id of 1 to 50 ASCII characters.");
        Require(SplitSkus(result.GetValue(_skus)).All(IsId), "--sku is not an id of 1 to 50 ASCII characters.");
        Require(result.GetValue(_records) is >= 1 and <= MaximumRecords, $"--records must be from 1 to {MaximumRecords}.");
        Require(result.GetValue(_connections) is >= 1 and <= MaximumConnections, $"--connections must be from 1 to {MaximumConnections}.");
        Require(result.GetValue(_streams) is >= 1 and <= MaximumStreams, $"--streams must be from 1 to {MaximumStreams}.");
        Require(result.GetValue(_seconds) is null or (> 0 and <= 1_000_000), "--seconds must be above 0.");
        Require(result.GetValue(_requests) is null or > 0, "--requests must be above 0.");
        Require(result.GetValue(_seconds) is null || result.GetValue(_requests) is null, "Give --seconds or --requests, not both.");
        Require(result.GetValue(_warm) is >= 0 and <= 1_000_000, "--warm must not be below 0.");
        Require(result.GetValue(_duplicates) is >= 0 and <= 100, "--duplicates must be from 0 to 100.");
        bool isRepeatable = result.GetValue(_duplicates) == 0 && result.GetValue(_uuid) == UuidVersion.V4;
        Require(result.GetValue(_seed) is null or >= 0, "--seed must not be below 0.");
        Require(result.GetValue(_seed) is null || isRepeatable, "--seed goes with uuids of version 4 and without --duplicates: others cannot be sent again.");
        Require(result.GetValue(_rate) is >= 0 and <= 1e9, "--rate must be from 0 to 1000000000.");
        return faults;
    }

    private LoadOptions Read(ParseResult parsed) => new()
    {
        Address = parsed.GetRequiredValue(_address),
        Token = ReadToken(parsed),
        Service = parsed.GetValue(_service),
        Owner = parsed.GetRequiredValue(_owner),
        Skus = [.. SplitSkus(parsed.GetValue(_skus))],
        Records = parsed.GetValue(_records),
        Connections = parsed.GetValue(_connections),
        Streams = parsed.GetValue(_streams),
        Seconds = parsed.GetValue(_requests) is null ? parsed.GetValue(_seconds) ?? DefaultSeconds : null,
        Requests = parsed.GetValue(_requests),
        WarmSeconds = parsed.GetValue(_warm),
        DuplicatesPercent = parsed.GetValue(_duplicates),
        Uuid = parsed.GetValue(_uuid),
        Seed = parsed.GetValue(_seed),
        RecordsPerSecond = parsed.GetValue(_rate),
        Output = parsed.GetValue(_output),
        AcknowledgedPath = parsed.GetValue(_acknowledged),
    };

    private string ReadToken(ParseResult parsed)
    {
        string? path = parsed.GetValue(_tokenFile);
        string token;
        try
        {
            token = path is null ? parsed.GetValue(_token)! : File.ReadAllText(path).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new LoadException($"Cannot read --token-file: {fault.Message}");
        }

        return token.Length is > 0 and <= MaximumTokenCharacters && token.All(character => character is > ' ' and < '\x7F')
            ? token
            : throw new LoadException(
                $"The token{(path is null ? "" : $" in {path}")} is not 1 to {MaximumTokenCharacters} printable ASCII characters.");
    }

    private static IEnumerable<string> SplitSkus(string[]? skus) =>
        (skus ?? []).SelectMany(sku => sku.Split(',', StringSplitOptions.TrimEntries));

    private static bool IsId(string id) => id.Length is > 0 and <= MaximumIdCharacters && id.All(char.IsAscii);
}
