using System.CommandLine;
using Metering.Client;

namespace Metering.Cli;

/// <summary>What a command needs to be allowed.</summary>
[Flags]
internal enum Credentials
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The admin token.</summary>
    AdminToken = 1,

    /// <summary>An authorized key file.</summary>
    Key = 2,

    /// <summary>An IAM token.</summary>
    Token = 4,

    /// <summary>Any one of them: who reads sees what is theirs.</summary>
    Reading = AdminToken | Key | Token,
}

/// <summary>
/// The options that say where the server is and who calls it, and how they are completed from the environment and a
/// local data directory.
/// </summary>
internal sealed class ConnectionOptions
{
    /// <summary>What a reading command's help says of who sees what.</summary>
    public const string WhoSeesWhat =
        """
        The admin token sees everything; with --key or --token a service account sees what is its own: a publisher's account
        the usage of its products, a customer's account the usage booked to it. What is typed comes first, then
        METERING_ADMIN_TOKEN, METERING_KEY or METERING_TOKEN, then the admin token of the data directory.
        """;

    /// <summary>Where <c>serve</c> keeps its data unless told otherwise, below the current folder.</summary>
    public const string DefaultDataFolder = "metering-data";

    /// <summary>Where a local server answers over TLS.</summary>
    public const string DefaultTlsAddress = "https://127.0.0.1:8443";

    // A large catalog or a long range of totals takes its time.
    private static readonly TimeSpan AdministrationTimeout = TimeSpan.FromMinutes(1);

    // At up to ten seconds each, a quarter of an hour.
    private const int PatientAttempts = 100;

    private readonly Credentials _credentials;
    private volatile string? _warning;

    private readonly Option<string?> _address = new("--address")
    {
        HelpName = "URL",
        Description =
            $"The server [env METERING_ADDRESS; default {DefaultTlsAddress} when its CA is known, "
            + $"else {MeteringClientOptions.DefaultAddress}]",
    };

    private readonly Option<string?> _authority = new("--ca")
    {
        HelpName = "FILE",
        Description = "CA certificate to trust, PEM [env METERING_CA; default: tls/ca.pem of the data directory]",
    };

    private readonly Option<string?> _data = new("--data")
    {
        HelpName = "DIR",
        Description = $"Data directory of a local server, for its CA and admin token [env METERING_DATA; default ./{DefaultDataFolder}]",
    };

    private readonly Option<string?> _adminTokenFile = new("--admin-token-file")
    {
        HelpName = "FILE",
        Description =
            "File with the admin token [env METERING_ADMIN_TOKEN is the token itself; default: admin.token of the data directory]",
    };

    private readonly Option<string?> _clientCertificate = new("--client-cert")
    {
        HelpName = "FILE",
        Description = "Client certificate, PEM, for a server with admin-client-ca [env METERING_CLIENT_CERT]",
    };

    private readonly Option<string?> _clientKey = new("--client-key")
    {
        HelpName = "FILE",
        Description = "Private key of the client certificate, PEM [env METERING_CLIENT_KEY]",
    };

    private readonly Option<string?> _key = new("--key")
    {
        HelpName = "FILE",
        Description = "Authorized key file of a service account [env METERING_KEY]",
    };

    private readonly Option<string?> _token = new("--token")
    {
        HelpName = "TOKEN",
        Description = "IAM token; the environment hides it from other users [env METERING_TOKEN]",
    };

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="credentials">Which credentials it can use; any one of several is enough.</param>
    public ConnectionOptions(Command command, Credentials credentials)
    {
        _credentials = credentials;
        command.Add(_address);
        command.Add(_authority);
        command.Add(_data);
        if (credentials.HasFlag(Credentials.AdminToken))
        {
            command.Add(_adminTokenFile);
            command.Add(_clientCertificate);
            command.Add(_clientKey);
        }

        if (credentials.HasFlag(Credentials.Key))
            command.Add(_key);
        if (credentials.HasFlag(Credentials.Token))
            command.Add(_token);
    }

    /// <summary>
    /// The data directory that was typed, when no server was: for a command that can do without one. The environment says where
    /// servers are, and never which ledger is meant.
    /// </summary>
    public string? DataWithoutServer(ParseResult line, Terminal terminal) =>
        line.GetResult(_address) is null && line.GetValue(_data) is { Length: > 0 } given ? terminal.PathOf(given) : null;

    /// <summary>What the server warned of last, if it did.</summary>
    public string? Warning => _warning;

    /// <summary>The IAM token that was given, if any.</summary>
    public string? Token(ParseResult line, Terminal terminal) => Value(line, terminal, _token, "METERING_TOKEN");

    /// <summary>The key file that was given, if any.</summary>
    public string? KeyFile(ParseResult line, Terminal terminal) => Value(line, terminal, _key, "METERING_KEY");

    /// <summary>Makes the client.</summary>
    /// <exception cref="CommandException">A credential is missing or cannot be read.</exception>
    public MeteringClient Connect(ParseResult line, Terminal terminal) => Connect(line, terminal, AdministrationTimeout);

    /// <summary>Makes the client, for administrative calls that may take so long.</summary>
    /// <exception cref="CommandException">A credential is missing or cannot be read.</exception>
    public MeteringClient Connect(ParseResult line, Terminal terminal, TimeSpan administrationTimeout) =>
        new(Options(line, terminal, administrationTimeout));

    /// <summary>Makes the client, for a call that goes on for days: a server that is away is waited for.</summary>
    /// <exception cref="CommandException">A credential is missing or cannot be read.</exception>
    public MeteringClient ConnectPatiently(ParseResult line, Terminal terminal)
    {
        MeteringClientOptions options = Options(line, terminal, AdministrationTimeout);
        options.AttemptsMaximum = PatientAttempts;
        return new MeteringClient(options);
    }

    private MeteringClientOptions Options(ParseResult line, Terminal terminal, TimeSpan administrationTimeout)
    {
        string? given = Value(line, terminal, _data, "METERING_DATA");
        string? named = Value(line, terminal, _address, "METERING_ADDRESS");
        // What lies in a data directory belongs to the server on this machine: its secrets go to no other unless asked.
        bool isLocal = given is not null || named is null || (Uri.TryCreate(named, UriKind.Absolute, out Uri? uri) && uri.IsLoopback);
        string data = terminal.PathOf(given ?? DefaultDataFolder);
        string authority = Path.Combine(data, "tls", "ca.pem");
        string? trusted = Value(line, terminal, _authority, "METERING_CA") is { } file ? terminal.PathOf(file)
            : isLocal && File.Exists(authority) ? authority
            : null;

        var options = new MeteringClientOptions
        {
            Address = named ?? (trusted is null ? MeteringClientOptions.DefaultAddress : DefaultTlsAddress),
            CertificateAuthorityFile = trusted,
            RetryFirstConnection = false,
            TimeProvider = terminal.Time,
            Warned = words => _warning = words,
        };
        bool isAccount = _credentials == Credentials.Reading && ReadsAsAccount(line, terminal);
        if (_credentials.HasFlag(Credentials.AdminToken))
            options.RequestTimeout = administrationTimeout;
        if (_credentials.HasFlag(Credentials.AdminToken) && !isAccount)
        {
            options.AdminToken = AdminToken(line, terminal, isLocal ? data : null);
            options.ClientCertificateFile = PathOf(line, terminal, _clientCertificate, "METERING_CLIENT_CERT");
            options.ClientKeyFile = PathOf(line, terminal, _clientKey, "METERING_CLIENT_KEY");
        }

        if (_credentials != Credentials.Reading || isAccount)
            AddIdentity(options, line, terminal);
        return options;
    }

    // Whether a service account was meant rather than the admin. What is typed says so, then the environment.
    private bool ReadsAsAccount(ParseResult line, Terminal terminal)
    {
        bool isTyped = line.GetResult(_key) is not null || line.GetResult(_token) is not null;
        if (isTyped && line.GetResult(_adminTokenFile) is not null)
            throw new CommandException(
                ExitCodes.BadUsage, "Both the admin token and a service account were given: choose one of --admin-token-file, --key and --token.");
        if (isTyped || line.GetResult(_adminTokenFile) is not null)
            return isTyped;
        bool Has(string variable) => terminal.Environment(variable) is { Length: > 0 };
        return !Has("METERING_ADMIN_TOKEN") && (Has("METERING_KEY") || Has("METERING_TOKEN"));
    }

    private void AddIdentity(MeteringClientOptions options, ParseResult line, Terminal terminal)
    {
        bool takesKey = _credentials.HasFlag(Credentials.Key);
        bool takesToken = _credentials.HasFlag(Credentials.Token);
        // What is typed outranks the environment.
        string? token = line.GetResult(_key) is null || !takesKey ? Token(line, terminal) : line.GetValue(_token);
        string? key = line.GetResult(_token) is null || !takesToken ? KeyFile(line, terminal) : line.GetValue(_key);
        if (takesKey && takesToken && key is not null && token is not null)
            throw new CommandException(
                ExitCodes.BadUsage, "Both a key and a token were given: choose one of --key (METERING_KEY) and --token (METERING_TOKEN).");
        if ((takesKey || takesToken) && !(takesKey && key is not null) && !(takesToken && token is not null))
        {
            string wanted = (takesKey, takesToken) switch
            {
                (true, true) => "pass --key FILE (made by `metering key create`) or --token TOKEN",
                (true, false) => "pass --key FILE (made by `metering key create`)",
                _ => "pass --token TOKEN, or set METERING_TOKEN",
            };
            throw new CommandException(ExitCodes.BadUsage, $"Who calls? Please {wanted}.");
        }

        options.KeyFile = takesKey && key is not null ? terminal.PathOf(key) : null;
        options.Token = takesToken ? token : null;
    }

    private string AdminToken(ParseResult line, Terminal terminal, string? data)
    {
        string? file = line.GetValue(_adminTokenFile) is { } given ? terminal.PathOf(given) : null;
        if (file is null && terminal.Environment("METERING_ADMIN_TOKEN") is { Length: > 0 } token)
            return token.Trim();
        file ??= data is null ? null : Path.Combine(data, "admin.token");
        if (file is null || (line.GetValue(_adminTokenFile) is null && !File.Exists(file)))
        {
            throw new CommandException(
                ExitCodes.BadUsage,
                $"No admin token{(file is null ? string.Empty : $" in {Path.GetDirectoryName(file)}")}: pass --data DIR "
                    + "(the data directory of `metering serve`) or --admin-token-file FILE, or set METERING_ADMIN_TOKEN"
                    + (_credentials == Credentials.Reading ? "; or pass --key FILE or --token TOKEN of a service account." : "."));
        }

        return InputFile.ReadText(file, "admin token file", 4096).Trim();
    }

    private static string? PathOf(ParseResult line, Terminal terminal, Option<string?> option, string variable) =>
        Value(line, terminal, option, variable) is { } path ? terminal.PathOf(path) : null;

    private static string? Value(ParseResult line, Terminal terminal, Option<string?> option, string variable) =>
        line.CommandResult.Command.Options.Contains(option) && line.GetValue(option) is { Length: > 0 } given ? given
        : terminal.Environment(variable) is { Length: > 0 } value ? value
        : null;
}
