using System.Text.RegularExpressions;
using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>The connection string of the settings, made into what a node needs. What it says of itself never holds a password.</summary>
internal sealed partial class ConnectionText
{
    /// <summary>The schema of the ledger's tables unless <c>Search Path</c> names another.</summary>
    public const string DefaultSchema = "metering";

    private ConnectionText(NpgsqlConnectionStringBuilder builder, bool isReadWriteEnough)
    {
        Builder = builder;
        IsReadWriteEnough = isReadWriteEnough;
    }

    /// <summary>What Npgsql needs.</summary>
    public NpgsqlConnectionStringBuilder Builder { get; }

    /// <summary>Whether any host that takes writes will do; otherwise it must be the primary.</summary>
    public bool IsReadWriteEnough { get; }

    /// <summary>Whether there are several hosts to choose among.</summary>
    public bool HasSeveralHosts => Builder.Host!.Contains(',');

    /// <summary>The schema of the ledger's tables.</summary>
    public string Schema => Builder.SearchPath!;

    /// <summary>The place in words: hosts, port, database.</summary>
    public string Place => $"{Builder.Host}{(Builder.Host!.StartsWith('/') ? " port " : ":")}{Builder.Port}, database {Builder.Database}";

    /// <summary>Reads a connection string.</summary>
    /// <exception cref="StoreException">It is none, or asks for what a ledger cannot have; the message never quotes a value of it.</exception>
    public static ConnectionText Parse(PostgresStoreOptions options)
    {
        NpgsqlConnectionStringBuilder builder = Read(options.Connection);
        if (string.IsNullOrWhiteSpace(builder.Host))
            throw Fault("it names no Host");
        if (builder.Multiplexing)
            throw Fault("it asks for Multiplexing, which a transaction cannot use");
        if (!builder.Pooling)
            throw Fault("it forbids Pooling, which a node needs");
        bool isReadWriteEnough = builder.TargetSessionAttributes?.ToUpperInvariant() switch
        {
            null or "PRIMARY" => false,
            "READ-WRITE" => true,
            _ => throw Fault("its Target Session Attributes must be primary or read-write: a ledger writes"),
        };
        builder.TargetSessionAttributes = null; // asked for when a connection is opened
        if (string.IsNullOrEmpty(builder.SearchPath))
            builder.SearchPath = DefaultSchema;
        if (!Identifier().IsMatch(builder.SearchPath))
            throw Fault("its Search Path must be one schema, in lower-case letters, digits and underscores");
        if (string.IsNullOrEmpty(builder.Username))
            builder.Username = Environment.UserName;
        if (string.IsNullOrEmpty(builder.Database))
            builder.Database = builder.Username;
        if (string.IsNullOrEmpty(builder.ApplicationName))
            builder.ApplicationName = "metering";

        // What Npgsql would do by itself and must not: cancel what is late, reset a session whose settings are pinned, quote data.
        builder.CommandTimeout = 0;
        builder.NoResetOnClose = true;
        builder.Enlist = false;
        builder.IncludeErrorDetail = false;
        builder.PersistSecurityInfo = false;
        builder.LogParameters = false;
        builder.Timeout = (int)options.ConnectTime.TotalSeconds;
        builder.MaxPoolSize = options.Connections;
        builder.MaxAutoPrepare = 40;
        builder.AutoPrepareMinUsages = 2;
        if (!builder.Host.Contains('/'))
            (builder.TcpKeepAlive, builder.TcpKeepAliveTime, builder.TcpKeepAliveInterval) = (true, 10, 5); // a Unix socket has none
        builder.HostRecheckSeconds = 1;
        return new ConnectionText(builder, isReadWriteEnough);
    }

    private static NpgsqlConnectionStringBuilder Read(string text)
    {
        if (text.TrimStart().StartsWith("//", StringComparison.Ordinal))
            throw Fault("it is a URI");
        try
        {
            return new NpgsqlConnectionStringBuilder(text.Trim());
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or OverflowException or InvalidCastException or NotSupportedException)
        {
            // Npgsql's own words may quote the value, and a value may be a password.
            throw Fault(fault is ArgumentException { ParamName: { Length: > 0 } name } && Word().IsMatch(name)
                ? $"its '{name}' is unknown or has a value that cannot be"
                : "it has not the form KEYWORD=VALUE;KEYWORD=VALUE");
        }
    }

    private static StoreException Fault(string what) => new(
        $"The connection string of PostgreSQL cannot be used: {what}. It reads like Host=db.example.org;Database=metering;Username=metering.");

    [GeneratedRegex("^[a-z_][a-z0-9_]{0,62}$", RegexOptions.NonBacktracking)]
    private static partial Regex Identifier();

    [GeneratedRegex("^[A-Za-z ]{1,40}$", RegexOptions.NonBacktracking)]
    private static partial Regex Word();
}
