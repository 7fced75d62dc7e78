using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Opens connections to the primary; each new one is looked over and has its settings pinned before it is used.</summary>
internal sealed class ConnectionSource : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;

    private ConnectionSource(ConnectionText text, NpgsqlDataSource source)
    {
        Text = text;
        _source = source;
    }

    /// <summary>What it connects to.</summary>
    public ConnectionText Text { get; }

    /// <summary>Makes the source; nothing is connected yet.</summary>
    public static ConnectionSource Create(PostgresStoreOptions options)
    {
        ConnectionText text = ConnectionText.Parse(options);
        var builder = new NpgsqlDataSourceBuilder(text.Builder.ConnectionString);
        builder.UsePhysicalConnectionInitializer(
            _ => throw new NotSupportedException("Connections are opened asynchronously."),
            connection => SessionSetup.RunAsync(connection, text, options));
        NpgsqlDataSource source = text.HasSeveralHosts
            ? builder.BuildMultiHost().WithTargetSession(
                text.IsReadWriteEnough ? TargetSessionAttributes.ReadWrite : TargetSessionAttributes.Primary)
            : builder.Build();
        return new ConnectionSource(text, source);
    }

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
            throw new StoreException(Faults.WhyNotConnected(fault, Text), fault);
        }
    }

    /// <summary>Closes what is idle; what is in use is closed when it is given back.</summary>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static bool IsSaid(Exception fault) => fault is StoreException;
}
