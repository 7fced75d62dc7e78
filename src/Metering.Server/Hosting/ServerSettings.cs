using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Metering.Server;

/// <summary>One thing that can be set: by flag <c>--NAME</c>, by environment <c>METERING_NAME</c>, or in the configuration file.</summary>
/// <param name="Name">Lower case, words joined by hyphens.</param>
/// <param name="Value">What the value looks like; empty for a switch.</param>
/// <param name="Default">What holds when it is not set.</param>
/// <param name="Description">For <c>--help</c> and docs.</param>
/// <param name="Apply">Sets it; throws <see cref="FormatException"/> with what is wrong and allowed.</param>
public sealed record ServerSetting(string Name, string Value, string Default, string Description, Action<ServerOptions, string> Apply)
{
    /// <summary>The environment variable.</summary>
    public string EnvironmentVariable => "METERING_" + Name.Replace('-', '_').ToUpperInvariant();

    /// <summary>A switch has no value.</summary>
    public bool IsSwitch => Value.Length == 0;

    /// <summary>The value may hold a password, and is never shown.</summary>
    public bool IsSecret { get; init; }
}

/// <summary>Settings that cannot be used; every one is named.</summary>
public sealed class ServerSettingsException(IReadOnlyList<string> faults) : Exception(string.Join(Environment.NewLine, faults))
{
    /// <summary>Each fault in one sentence.</summary>
    public IReadOnlyList<string> Faults { get; } = faults;
}

/// <summary>Every setting of the server, in one place: the command's flags, the environment and the file are made from it.</summary>
public static class ServerSettings
{
    /// <summary>The settings, in the order that help shows them.</summary>
    public static readonly IReadOnlyList<ServerSetting> All =
    [
        new("data", "DIR", ServerOptions.DefaultData, "Directory of the ledger, the admin token and the certificates; made when missing.",
            (options, text) => options.Data = ParsePath(text)),
        new("store", "sqlite|postgres: CONNECTION", ServerOptions.EmbeddedStore,
            "Where usage is kept: in the data directory, or in a PostgreSQL that several nodes share.",
            (options, text) => options.Store = ParseStore(text)) { IsSecret = true },
        new("catalog", "FILE", "none", "Catalog (YAML) applied at start; the changes are shown.",
            (options, text) => options.Catalog = ParsePath(text)),
        new("listen-http", "ADDR:PORT|none", "127.0.0.1:8080", "Cleartext HTTP/1.1: REST, health.",
            (options, text) => options.ListenHttp = ParseEndpoint(text)),
        new("listen-grpc", "ADDR:PORT|none", "127.0.0.1:8081", "Cleartext HTTP/2: gRPC.",
            (options, text) => options.ListenGrpc = ParseEndpoint(text)),
        new("listen-https", "ADDR:PORT|none", "127.0.0.1:8443", "TLS: REST and gRPC.",
            (options, text) => options.ListenHttps = ParseEndpoint(text)),
        new("advertise", "HOST:PORT", "localhost and the HTTPS port", "Address that SDKs are told to call; also a name in the local certificate.",
            (options, text) => options.Advertise = text),
        new("allow-cleartext", "", "off", "Lets listen-http and listen-grpc bind beyond loopback, for use behind a TLS proxy.",
            (options, text) => options.AllowCleartext = ParseSwitch(text)),
        new("tls-certificate", "FILE", "the local CA's", "Server certificate with its chain (PEM).",
            (options, text) => options.TlsCertificate = ParsePath(text)),
        new("tls-key", "FILE", "the local CA's", "Private key of the certificate (PEM).",
            (options, text) => options.TlsKey = ParsePath(text)),
        new("admin-client-ca", "FILE", "none", "CAs (PEM): administrative calls then need a client certificate of theirs beside the admin token.",
            (options, text) => options.AdminClientCa = ParsePath(text)),
        new("acceptance-window", "DURATION", "1h", "Age beyond which a record is EXPIRED; such as 90m, 1h, 7d.",
            (options, text) => options.AcceptanceWindow = ParseDuration(text)),
        new("future-tolerance", "DURATION", "1m", "Lead beyond which a timestamp is INVALID_TIMESTAMP.",
            (options, text) => options.FutureTolerance = ParseDuration(text)),
        new("rejected-age", "DURATION", "30d", "Time for which rejected records are kept, as they were sent; 1h to 3660d.",
            (options, text) => options.RejectedAge = ParseDuration(text)),
        new("rejected-megabytes", "NUMBER", "256", "What rejected records take at most, in MiB; the oldest are dropped beyond, and counted.",
            (options, text) => options.RejectedMegabytes = ParseNumber(text)),
        new("token-lifetime", "DURATION", "12h", "Lifetime of IAM tokens; 1h to 7d.",
            (options, text) => options.TokenLifetime = ParseDuration(text)),
        new("connections", "NUMBER", "4096", "Most connections open at once, on all listeners together; one more is closed unanswered.",
            (options, text) => options.Connections = ParseNumber(text)),
        new("connections-per-address", "NUMBER", "256", "The same for one address (IPv6: one /64 network); raise it behind a proxy.",
            (options, text) => options.ConnectionsPerAddress = ParseNumber(text)),
        new("http2-connections-per-address", "NUMBER", "16", "HTTP/2 connections of one address, each with up to 100 calls at once; raise it behind a proxy.",
            (options, text) => options.Http2ConnectionsPerAddress = ParseNumber(text)),
        new("exchange-rate", "NUMBER|none", "500", "Token exchanges per second that one address may ask for; raise it behind a proxy.",
            (options, text) => options.ExchangeRate = ParseNumberOrNone(text)),
        new("account-rate", "NUMBER|none", "none", "Write requests per second that each account may send; more are RESOURCE_EXHAUSTED.",
            (options, text) => options.AccountRate = ParseNumberOrNone(text)),
        new("account-burst", "NUMBER|none", "one second's worth", "Write requests that an account may send at once after a pause.",
            (options, text) => options.AccountBurst = ParseNumberOrNone(text)),
        new("emulator", "", "off", "Rehearsal: accepts any bearer token and any JWT; loopback only.",
            (options, text) => options.Emulator = !ParseSwitch(text) ? EmulatorMode.Off
                : options.Emulator == EmulatorMode.Off ? EmulatorMode.Always : options.Emulator),
        new("emulator-mode", "always|never|dry-run", "always", "What the emulator makes of Writes: all authorized, none, or only dry runs.",
            (options, text) => options.Emulator = options.Emulator == EmulatorMode.Off
                ? throw new FormatException("is only for the emulator: give --emulator too")
                : ParseMode(text)),
        new("accept-clock", "", "off", "Once, when the ledger has seen a wrong time: takes the clock's word and goes on from there.",
            (options, text) => options.AcceptClock = ParseSwitch(text)),
        new("allow-unsafe-commit", "", "off", "Serves although PostgreSQL is set to confirm commits that it can still lose (synchronous_commit, fsync).",
            (options, text) => options.AllowUnsafeCommit = ParseSwitch(text)),
        new("groups-in-flight", "NUMBER", "3", "Group commits that this node has under way in PostgreSQL, each on a connection of its own; 1 to 64.",
            (options, text) => options.GroupsInFlight = ParseNumber(text)),
    ];

    /// <summary>The name of the setting that names the configuration file; it is not itself in that file.</summary>
    public const string ConfigurationFile = "config";

    /// <summary>Reads the settings: flags before environment before file before default.</summary>
    /// <param name="flags">Values given on the command line, by setting name.</param>
    /// <param name="environment">Looks up an environment variable.</param>
    /// <exception cref="ServerSettingsException">Something cannot be used; every fault is listed.</exception>
    public static ServerOptions Read(IReadOnlyDictionary<string, string> flags, Func<string, string?> environment)
    {
        var faults = new List<string>();
        string? file = flags.GetValueOrDefault(ConfigurationFile) ?? (environment("METERING_CONFIG") is { Length: > 0 } named ? named : null);
        IConfiguration configuration = ReadFile(file, faults);
        var options = new ServerOptions();
        foreach (ServerSetting setting in All)
        {
            (string? text, string source) =
                flags.TryGetValue(setting.Name, out string? flag) ? (flag, $"--{setting.Name}")
                : environment(setting.EnvironmentVariable) is { Length: > 0 } variable ? (variable, setting.EnvironmentVariable)
                : (configuration[setting.Name], $"'{setting.Name}' in {file}");
            if (text is null)
                continue;
            if (text.Length == 0 && !setting.IsSwitch)
            {
                faults.Add($"{source} is empty: give {setting.Value}, or leave it out for the default ({setting.Default}).");
                continue;
            }

            try
            {
                setting.Apply(options, text);
            }
            catch (FormatException fault)
            {
                faults.Add(setting.IsSecret ? $"{source} has a value that cannot be: it {fault.Message}." : $"{source} is '{text}': it {fault.Message}.");
            }
        }

        faults.AddRange(options.Faults());
        return faults.Count == 0 ? options : throw new ServerSettingsException(faults);
    }

    private static IConfiguration ReadFile(string? file, List<string> faults)
    {
        if (file is null)
            return new ConfigurationBuilder().Build();
        try
        {
            using var text = new MemoryStream(File.ReadAllBytes(ParsePath(file)));
            IConfigurationRoot configuration = new ConfigurationBuilder().AddJsonStream(text).Build();
            foreach (IConfigurationSection section in configuration.GetChildren())
            {
                if (All.All(setting => !string.Equals(setting.Name, section.Key, StringComparison.OrdinalIgnoreCase)))
                    faults.Add($"'{section.Key}' in {file} is no setting; there are {string.Join(", ", All.Select(setting => setting.Name))}.");
                else if (section.GetChildren().Any())
                    faults.Add($"'{section.Key}' in {file} is an object or an array; it must be a text, a number, true or false.");
            }

            return configuration;
        }
        catch (JsonException fault)
        {
            faults.Add($"The configuration file {file} is malformed JSON at line {fault.LineNumber + 1}, position {fault.BytePositionInLine + 1}.");
        }
        catch (Exception fault) when (fault is IOException or FormatException or UnauthorizedAccessException)
        {
            faults.Add($"The configuration file '{file}' cannot be used: {fault.Message}");
        }

        return new ConfigurationBuilder().Build();
    }

    private static string ParsePath(string text) =>
        text.Length > 0 && !text.Contains('\0') ? text : throw new FormatException("must be a path");

    private static string ParseStore(string text) =>
        text == ServerOptions.EmbeddedStore
        || (text.StartsWith(ServerOptions.PostgresPrefix, StringComparison.Ordinal) && !string.IsNullOrWhiteSpace(text[ServerOptions.PostgresPrefix.Length..]))
            ? text
            : throw new FormatException("must be sqlite, or postgres: and a connection string, such as 'postgres: Host=db.example.org;Database=metering'");

    private static IPEndPoint? ParseEndpoint(string text)
    {
        if (text == "none")
            return null;
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? "" : text[..colon];
        if (host == "localhost")
            text = $"127.0.0.1{text[colon..]}";
        return colon > 0 && !host.EndsWith(':') && IPEndPoint.TryParse(text, out IPEndPoint? endpoint)
            ? endpoint
            : throw new FormatException("must be ADDR:PORT with an IP address, such as 127.0.0.1:8080 or [::1]:8080, or none");
    }

    private static TimeSpan ParseDuration(string text)
    {
        const string Allowed = "must be a number and a unit: s, m, h or d, such as 90m";
        if (text.Length < 2 || !double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            throw new FormatException(Allowed);
        double seconds = number * text[^1] switch
        {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => throw new FormatException(Allowed),
        };
        return seconds <= TimeSpan.FromDays(36_500).TotalSeconds ? TimeSpan.FromSeconds(seconds) : throw new FormatException("is longer than a century");
    }

    private static int ParseNumber(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new FormatException("must be a whole number, such as 100");

    private static int? ParseNumberOrNone(string text) => text == "none" ? null : ParseNumber(text);

    private static EmulatorMode ParseMode(string text) => text switch
    {
        "always" => EmulatorMode.Always,
        "never" => EmulatorMode.Never,
        "dry-run" => EmulatorMode.DryRun,
        _ => throw new FormatException("must be always, never or dry-run"),
    };

    private static bool ParseSwitch(string text) => text.ToLowerInvariant() switch
    {
        "true" or "1" or "yes" or "on" or "" => true,
        "false" or "0" or "no" or "off" => false,
        _ => throw new FormatException("must be true or false"),
    };
}
