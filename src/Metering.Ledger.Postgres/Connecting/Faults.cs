using System.Net.Sockets;
using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>What a fault of the database means for what was being done.</summary>
internal enum FaultKind
{
    /// <summary>Deadlock or serialization failure: nothing happened, and the same again succeeds.</summary>
    Again,

    /// <summary>No space: nothing happened.</summary>
    Full,

    /// <summary>The server refused a statement: nothing happened.</summary>
    Refused,

    /// <summary>The connection is of no use any more; what was under way may have happened if it was a COMMIT.</summary>
    Lost,
}

/// <summary>Reads the faults of Npgsql and PostgreSQL.</summary>
internal static class Faults
{
    /// <summary>What a fault means.</summary>
    public static FaultKind KindOf(Exception fault) => fault switch
    {
        // An ERROR rolled the transaction back. After FATAL and PANIC, when the connection broke or the engine says that it
        // does not know itself (40003), the outcome of a COMMIT is unknown.
        PostgresException { InvariantSeverity: "ERROR" } error => KindOf(error.SqlState),
        _ => FaultKind.Lost,
    };

    /// <summary>The fault in words for an operator; no statement and no value of a row.</summary>
    public static string Describe(Exception fault) => fault switch
    {
        PostgresException error => $"{error.MessageText} (SQLSTATE {error.SqlState})",
        NpgsqlException { InnerException: { } inner } when inner is SocketException or TimeoutException or IOException => Describe(inner),
        SocketException socket => socket.Message,
        IOException { InnerException: SocketException socket } => socket.Message,
        TimeoutException => "no answer in time",
        StoreException said => said.Message,
        _ => fault.Message,
    };

    /// <summary>Why there is no connection, in one or two sentences.</summary>
    public static string WhyNotConnected(Exception fault, ConnectionText text)
    {
        string user = text.Builder.Username!;
        return fault switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } =>
                $"PostgreSQL at {text.Place} refuses the password of user {user}. Correct Password, Passfile or the role.",
            PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } =>
                $"PostgreSQL at {text.Place} does not let user {user} in: {Describe(fault)}.",
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } =>
                $"PostgreSQL at {text.Place}: there is no such database. Create it (createdb), or correct Database.",
            AggregateException { InnerExceptions: { Count: > 0 } several } => WhyNotConnected(several[0], text),
            NpgsqlException { InnerException: AggregateException several } => WhyNotConnected(several, text),
            NpgsqlException { InnerException: StoreException said } => said.Message,
            NpgsqlException { InnerException: PostgresException inner } => WhyNotConnected(inner, text),
            _ => $"PostgreSQL at {text.Place} cannot be reached: {Describe(fault).TrimEnd('.')}.",
        };
    }

    private static FaultKind KindOf(string sqlState) => sqlState switch
    {
        PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected => FaultKind.Again,
        PostgresErrorCodes.DiskFull => FaultKind.Full,
        PostgresErrorCodes.StatementCompletionUnknown or PostgresErrorCodes.TransactionResolutionUnknown => FaultKind.Lost,
        PostgresErrorCodes.ReadOnlySqlTransaction => FaultKind.Lost, // it is no primary any more: another connection may be
        _ when sqlState.StartsWith("08", StringComparison.Ordinal) || sqlState.StartsWith("57P", StringComparison.Ordinal) => FaultKind.Lost,
        _ => FaultKind.Refused,
    };
}
