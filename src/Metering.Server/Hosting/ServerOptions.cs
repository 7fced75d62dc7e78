using System.Net;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>What the emulator makes of Writes.</summary>
public enum EmulatorMode
{
    /// <summary>Not an emulator.</summary>
    Off,

    /// <summary>Every caller is authorized.</summary>
    Always,

    /// <summary>Nobody is: every Write is PERMISSION_DENIED.</summary>
    Never,

    /// <summary>Only dry runs pass.</summary>
    DryRun,
}

/// <summary>Everything that can be set about a server. <see cref="ServerSettings"/> reads it from flags, environment and file.</summary>
public sealed class ServerOptions
{
    /// <summary>Default of <see cref="Data"/>.</summary>
    public const string DefaultData = "metering-data";

    /// <summary>Directory of the ledger, the admin token and the certificates.</summary>
    public string Data { get; set; } = DefaultData;

    /// <summary>Value of <see cref="Store"/>: the ledger is in the data directory, and one server has it to itself.</summary>
    public const string EmbeddedStore = "sqlite";

    /// <summary>Begins a value of <see cref="Store"/> that goes on with the connection string of a database.</summary>
    public const string PostgresPrefix = "postgres:";

    /// <summary>Where the ledger is kept: <see cref="EmbeddedStore"/>, or <see cref="PostgresPrefix"/> and a connection string. May hold a password.</summary>
    public string Store { get; set; } = EmbeddedStore;

    private const long Megabyte = 1024 * 1024;

    /// <summary>How long rejected records are kept, and how many.</summary>
    internal RejectedKeeping Rejections => new(RejectedAge, RejectedMegabytes * Megabyte);

    /// <summary>The connection string of the database; null for the embedded store.</summary>
    internal string? PostgresConnection =>
        Store.StartsWith(PostgresPrefix, StringComparison.Ordinal) ? Store[PostgresPrefix.Length..].Trim() : null;

    /// <summary>Serves although the database may forget commits that it confirmed.</summary>
    public bool AllowUnsafeCommit { get; set; }

    /// <summary>Group commits that this node has under way in PostgreSQL at once; null for the default.</summary>
    public int? GroupsInFlight { get; set; }

    /// <summary>Catalog file applied at start; null leaves the stored one as it is.</summary>
    public string? Catalog { get; set; }

    /// <summary>Cleartext HTTP/1.1 (REST); null for none.</summary>
    public IPEndPoint? ListenHttp { get; set; } = new(IPAddress.Loopback, 8080);

    /// <summary>Cleartext HTTP/2 (gRPC); null for none.</summary>
    public IPEndPoint? ListenGrpc { get; set; } = new(IPAddress.Loopback, 8081);

    /// <summary>TLS: REST and gRPC by ALPN; null for none.</summary>
    public IPEndPoint? ListenHttps { get; set; } = new(IPAddress.Loopback, 8443);

    /// <summary>HOST:PORT that SDKs are told to call; null for localhost and the HTTPS port.</summary>
    public string? Advertise { get; set; }

    /// <summary>Allows cleartext listeners beyond loopback.</summary>
    public bool AllowCleartext { get; set; }

    /// <summary>Certificate file (PEM) instead of the local CA's.</summary>
    public string? TlsCertificate { get; set; }

    /// <summary>Key file (PEM) of <see cref="TlsCertificate"/>.</summary>
    public string? TlsKey { get; set; }

    /// <summary>File (PEM) of authorities: administrative calls then need a client certificate of theirs too; null for none.</summary>
    public string? AdminClientCa { get; set; }

    /// <summary>Rehearsal: any token is good.</summary>
    public EmulatorMode Emulator { get; set; } = EmulatorMode.Off;

    /// <summary>Age beyond which a record is EXPIRED.</summary>
    public TimeSpan AcceptanceWindow { get; set; } = Limits.AcceptanceWindow;

    /// <summary>Lead beyond which a timestamp is invalid.</summary>
    public TimeSpan FutureTolerance { get; set; } = Limits.FutureTolerance;

    /// <summary>Time for which rejected records are kept.</summary>
    public TimeSpan RejectedAge { get; set; } = Limits.RejectedAge;

    /// <summary>What rejected records take at most, in MiB.</summary>
    public int RejectedMegabytes { get; set; } = (int)(Limits.RejectedBytes / Megabyte);

    /// <summary>Lifetime of IAM tokens.</summary>
    public TimeSpan TokenLifetime { get; set; } = Limits.IamTokenLifetime;

    /// <summary>Most connections open at once, on all listeners together.</summary>
    public int Connections { get; set; } = Limits.Connections;

    /// <summary>Most connections open at once from one address, or one IPv6 /64 network.</summary>
    public int ConnectionsPerAddress { get; set; } = Limits.ConnectionsPerAddress;

    /// <summary>Most HTTP/2 connections open at once from one address, or one IPv6 /64 network.</summary>
    public int Http2ConnectionsPerAddress { get; set; } = Limits.Http2ConnectionsPerAddress;

    /// <summary>Write requests per second that each account may send; null for any number.</summary>
    public int? AccountRate { get; set; }

    /// <summary>Write requests that an account may send at once after a pause; null for one second's worth.</summary>
    public int? AccountBurst { get; set; }

    /// <summary>Token exchanges per second that one address may ask for; null for any number.</summary>
    public int? ExchangeRate { get; set; } = Limits.ExchangeRate;

    /// <summary>The limits of the wire that cannot be set.</summary>
    internal WireBounds Wire { get; set; } = new();

    /// <summary>Takes the clock's word although the ledger has seen a much later time, and makes the ledger forget that.</summary>
    public bool AcceptClock { get; set; }

    /// <summary>Everything that does not go together, one sentence each.</summary>
    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        if (ListenHttp is null && ListenGrpc is null && ListenHttps is null)
            faults.Add("listen-http, listen-grpc and listen-https are all none: nobody could reach the server.");
        CheckCleartext(faults, "listen-http", ListenHttp);
        CheckCleartext(faults, "listen-grpc", ListenGrpc);
        if (Emulator != EmulatorMode.Off && ListenHttps is { } https && !IPAddress.IsLoopback(https.Address))
            faults.Add($"listen-https is {https}: the emulator trusts any token, so it listens on loopback only.");
        if (TlsCertificate is null != TlsKey is null)
            faults.Add("tls-certificate and tls-key go together: give both, or neither for the local CA.");
        if (AllowUnsafeCommit && PostgresConnection is null)
            faults.Add("allow-unsafe-commit is for PostgreSQL: give store too, or leave it out.");
        if (GroupsInFlight is { } groups)
        {
            CheckRange(faults, "groups-in-flight", groups, 1, Limits.GroupsInFlightMaximum);
            if (PostgresConnection is null)
                faults.Add("groups-in-flight is for PostgreSQL: give store too, or leave it out.");
        }

        if (AdminClientCa is not null && ListenHttps is null)
            faults.Add("admin-client-ca needs listen-https: without TLS nobody can show a client certificate.");
        CheckRange(faults, "acceptance-window", AcceptanceWindow, TimeSpan.FromSeconds(1), Limits.AcceptanceWindowMaximum);
        CheckRange(faults, "future-tolerance", FutureTolerance, TimeSpan.Zero, AcceptanceWindow);
        CheckRange(faults, "rejected-age", RejectedAge, TimeSpan.FromHours(1), Limits.RejectedAgeMaximum);
        CheckRange(
            faults, "rejected-megabytes", RejectedMegabytes, (int)(Limits.RejectedBytesMinimum / Megabyte), (int)(Limits.RejectedBytesMaximum / Megabyte));
        CheckRange(faults, "token-lifetime", TokenLifetime, Limits.IamTokenLifetimeMinimum, Limits.IamTokenLifetimeMaximum);
        CheckRange(faults, "connections", Connections, 1, Limits.ConnectionsMaximum);
        CheckRange(faults, "connections-per-address", ConnectionsPerAddress, 1, Limits.ConnectionsMaximum);
        CheckRange(faults, "http2-connections-per-address", Http2ConnectionsPerAddress, 1, Limits.ConnectionsMaximum);
        if (ExchangeRate is { } exchanges)
            CheckRange(faults, "exchange-rate", exchanges, 1, Limits.ExchangeRateMaximum);
        if (AccountRate is { } rate)
            CheckRange(faults, "account-rate", rate, 1, Limits.AccountRateMaximum);
        if (AccountBurst is { } burst)
        {
            CheckRange(faults, "account-burst", burst, 1, Limits.AccountBurstMaximum);
            if (AccountRate is null)
                faults.Add("account-burst is the burst of account-rate: give account-rate too.");
        }

        if (Advertise is { } advertise && !IsHostAndPort(advertise))
            faults.Add($"advertise is '{advertise}': HOST:PORT is needed, without a scheme, such as metering.example.org:443.");
        return faults;
    }

    private void CheckCleartext(List<string> faults, string name, IPEndPoint? endpoint)
    {
        if (endpoint is null || IPAddress.IsLoopback(endpoint.Address))
            return;
        if (Emulator != EmulatorMode.Off)
            faults.Add($"{name} is {endpoint}: the emulator trusts any token, so it listens on loopback only.");
        else if (!AllowCleartext)
        {
            faults.Add($"{name} is {endpoint}, beyond loopback and without TLS: tokens would travel in the open. "
                + "Use listen-https, or allow-cleartext behind a TLS proxy.");
        }
    }

    private static void CheckRange(List<string> faults, string name, TimeSpan value, TimeSpan minimum, TimeSpan maximum)
    {
        if (value < minimum || value > maximum)
            faults.Add($"{name} is {value:c}: {minimum:c} to {maximum:c} is allowed.");
    }

    private static void CheckRange(List<string> faults, string name, int value, int minimum, int maximum)
    {
        if (value < minimum || value > maximum)
            faults.Add($"{name} is {value}: {minimum} to {maximum} is allowed.");
    }

    private static bool IsHostAndPort(string text) =>
        Uri.TryCreate($"https://{text}/", UriKind.Absolute, out Uri? uri)
        && uri.PathAndQuery == "/" && uri.UserInfo.Length == 0
        && text.LastIndexOf(':') is > 0 and var colon
        && ushort.TryParse(text.AsSpan(colon + 1), out ushort port) && port > 0;
}
