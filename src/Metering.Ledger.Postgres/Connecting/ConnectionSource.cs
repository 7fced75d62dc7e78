using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Opens connections to the primary; each new one is looked over and has its settings pinned before it is used.</summary>
internal sealed class ConnectionSource : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private volatile string? _danger;

    private ConnectionSource(PostgresStoreOptions options)
    {
        Text = ConnectionText.Parse(options);
        var builder = new NpgsqlDataSourceBuilder(Text.Builder.ConnectionString);
        builder.UsePhysicalConnectionInitializer(
            _ => throw new NotSupportedException("Connections are opened asynchronously."),
            async connection => _danger = await SessionSetup.RunAsync(connection, Text, options));
        _source = Text.HasSeveralHosts
            ? builder.BuildMultiHost().WithTargetSession(Text.IsReadWriteEnough ? TargetSessionAttributes.ReadWrite : TargetSessionAttributes.Primary)
            : builder.Build();
    }

    /// <summary>What it connects to.</summary>
    public ConnectionText Text { get; }

    /// <summary>Why what the database confirms may be lost nevertheless, if somebody allowed that; null when it is safe.</summary>
    public string? Danger => _danger;

    /// <summary>Makes the source; nothing is connected yet.</summary>
    /// <exception cref="StoreException">The connection string cannot be used.</exception>
    public static ConnectionSource Create(PostgresStoreOptions options) => new(options);

    /// <summary>A connection, which the caller disposes of.</summary>
    /// <exception cref="StoreException">There is none to be had; the message says why.</exception>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _source.OpenConnectionAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is not OperationCanceledException && !IsSaid(fault))
        {
            throw new StoreException(Faults.WhyNotConnected(fault, Text), fault) { IsOutage = true };
        }
    }

    /// <summary>Closes what is idle; what is in use is closed when it is given back.</summary>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static bool IsSaid(Exception fault) => fault is StoreException;
}
