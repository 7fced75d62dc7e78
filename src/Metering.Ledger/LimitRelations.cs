using System.Globalization;
using System.Reflection;

namespace Metering.Ledger;

/// <summary>How limits must stand to each other.</summary>
/// <param name="Sentence">The relation in words.</param>
/// <param name="Holds">Judges it by the value of each limit that it names; times are in seconds.</param>
public sealed record LimitRelation(string Sentence, Func<Func<string, double>, bool> Holds);

/// <content>The relations between limits.</content>
public static partial class Limits
{
    /// <summary>Every relation; all hold, or the server does not start.</summary>
    public static IReadOnlyList<LimitRelation> Relations { get; } =
    [
        // What is sent fits into what takes it.
        new("a full Write fits into its message", of =>
            of(nameof(RecordsPerWrite)) * (of(nameof(UuidCharacters)) + of(nameof(IdCharacters)) + 40) < of(nameof(WriteMessageBytes))),
        new("a JWT fits into a message", of => of(nameof(JwtCharacters)) < of(nameof(MessageBytes))),
        new("an OAuth token fits into a message", of => of(nameof(OAuthTokenCharacters)) < of(nameof(MessageBytes))),
        new("an IAM token fits into a message", of => of(nameof(IamTokenCharacters)) < of(nameof(MessageBytes))),
        new("a public key fits into a message", of => of(nameof(PublicKeyCharacters)) < of(nameof(MessageBytes))),
        new("an IAM token fits into a header", of => of(nameof(IamTokenCharacters)) < of(nameof(RequestHeaderFieldBytes))),
        new("a header fits into the headers", of => of(nameof(RequestHeaderFieldBytes)) <= of(nameof(RequestHeadersBytes))),
        new("line and headers fit into the buffer", of =>
            Math.Max(of(nameof(RequestLineBytes)), of(nameof(RequestHeadersBytes))) <= of(nameof(RequestBufferBytes))),
        new("a frame fits into a stream's window", of => of(nameof(FrameBytes)) <= of(nameof(StreamWindowBytes))),
        new("a Write travels without waiting for a window", of => of(nameof(WriteMessageBytes)) < of(nameof(StreamWindowBytes))),

        // One never has more than all.
        new("a stream's window is within the connection's", of => of(nameof(StreamWindowBytes)) <= of(nameof(ConnectionWindowBytes))),
        new("one address never has more than all connections", of => of(nameof(ConnectionsPerAddress)) <= of(nameof(Connections))),
        new("one address never has more HTTP/2 connections than connections", of => of(nameof(Http2ConnectionsPerAddress)) <= of(nameof(ConnectionsPerAddress))),
        new("all streams of one address find their requests served", of =>
            of(nameof(Http2ConnectionsPerAddress)) * of(nameof(StreamsPerConnection)) <= of(nameof(RequestsInFlightPerAddress))),
        new("the default connections are allowed", of => of(nameof(Connections)) <= of(nameof(ConnectionsMaximum))),
        new("one address leaves room for others' requests", of =>
            of(nameof(RequestsInFlightPerAddress)) + of(nameof(RefusalsInFlight)) < of(nameof(RequestsInFlight))),
        new("one address leaves room for others' messages", of =>
            of(nameof(MessageBytesInFlightPerAddress)) < of(nameof(MessageBytesInFlight))),
        new("one address leaves room for others' streaming calls", of => of(nameof(StreamingCallsPerAddress)) < of(nameof(StreamingCalls))),
        new("streaming calls leave room for requests", of => of(nameof(StreamingCalls)) < of(nameof(RequestsInFlight))),
        new("a connection can be used in full", of => of(nameof(StreamsPerConnection)) <= of(nameof(RequestsInFlightPerAddress))),
        new("a catalog can be applied", of =>
            of(nameof(CatalogBytes)) + of(nameof(CatalogEnvelopeBytes)) <= of(nameof(MessageBytesInFlightPerAddress))),
        new("a request that is served finds room in the queue", of => of(nameof(RequestsInFlight)) <= of(nameof(LedgerQueueRequests))),
        new("every stream of a connection can be begun and given up at once", of =>
            10 * of(nameof(StreamsPerConnection)) <= of(nameof(ControlFrames))),
        new("the default of groups in flight is allowed", of => of(nameof(GroupsInFlight)) <= of(nameof(GroupsInFlightMaximum))),
        new("a group commit is never larger than the queue", of => of(nameof(GroupCommitRequests)) <= of(nameof(LedgerQueueRequests))),
        new("requests in flight, at 32 KiB each, and their messages take less than half a gibibyte", of =>
            ((of(nameof(RequestsInFlight)) + of(nameof(RefusalsInFlight))) * 32 * 1024) + of(nameof(MessageBytesInFlight)) < 512 * 1024 * 1024),
        new("requests that are kept take less than 64 MiB", of =>
            of(nameof(PooledRequests)) * of(nameof(PooledRequestBytes)) < 64 * 1024 * 1024),

        // Defaults are in range, and times in order.
        new("the default token lifetime is allowed, at least", of => of(nameof(IamTokenLifetimeMinimum)) <= of(nameof(IamTokenLifetime))),
        new("the default token lifetime is allowed, at most", of => of(nameof(IamTokenLifetime)) <= of(nameof(IamTokenLifetimeMaximum))),
        new("the default acceptance window is allowed", of => of(nameof(AcceptanceWindow)) <= of(nameof(AcceptanceWindowMaximum))),
        new("the future tolerance is smaller than the window", of => of(nameof(FutureTolerance)) < of(nameof(AcceptanceWindow))),
        new("the default exchange rate is allowed", of => of(nameof(ExchangeRate)) <= of(nameof(ExchangeRateMaximum))),
        new("a burst of exchanges can be counted", of => of(nameof(ExchangeRateMaximum)) * of(nameof(ExchangeBurstSeconds)) <= int.MaxValue),
        new("a dead connection is noticed before an idle one is closed", of =>
            of(nameof(PingInterval)) + of(nameof(PingTime)) < of(nameof(IdleTime))),
        new("no record that could still come belongs beside one that is archived", of =>
            of(nameof(AcceptanceWindow)) + of(nameof(FutureTolerance)) < of(nameof(ArchiveAgeMinimum))),
        new("the youngest age of an archive is allowed", of => of(nameof(ArchiveAgeMinimum)) <= of(nameof(ArchiveAgeMaximum))),
        new("the widest acceptance window leaves ages to archive", of => of(nameof(AcceptanceWindowMaximum)) < of(nameof(ArchiveAgeMaximum))),
        new("an archive is dropped in several transactions", of => of(nameof(ArchiveDropBytes)) < of(nameof(ArchiveBytes))),
        new("a page of an archive, at 1 KiB a record, is no large answer", of => of(nameof(ArchivePageRecords)) * 1024 <= 4 * 1024 * 1024),
        new("rejected records are kept for an age that is allowed", of => of(nameof(RejectedAge)) <= of(nameof(RejectedAgeMaximum))),
        new("the default size of rejected records is allowed, at least", of => of(nameof(RejectedBytesMinimum)) <= of(nameof(RejectedBytes))),
        new("the default size of rejected records is allowed, at most", of => of(nameof(RejectedBytes)) <= of(nameof(RejectedBytesMaximum))),
        new("the duplicates of a full Write are looked up at once", of => of(nameof(RecordsPerWrite)) <= of(nameof(LookUpUuids))),
        new("every uuid that is looked up is kept whole", of => of(nameof(UuidCharacters)) * 4 <= of(nameof(RejectedTextBytes))),
        new("a sender is warned before its records expire", of => of(nameof(SkewWarningPercent)) is > 0 and < 100),
        new("the grace outlasts a tick of the server's timer", of => of(nameof(DataRateGrace)) > 1),
    ];

    /// <summary>Throws when two limits contradict each other: a programming error, caught at start.</summary>
    public static void Check()
    {
        foreach (LimitRelation relation in Relations)
        {
            if (!relation.Holds(ValueOf))
                throw new InvalidOperationException($"Limits contradict each other: {relation.Sentence} does not hold.");
        }
    }

    /// <summary>The value of the limit of this name, times in seconds.</summary>
    public static double ValueOf(string name) => typeof(Limits).GetField(name, BindingFlags.Public | BindingFlags.Static)!.GetValue(null) switch
    {
        TimeSpan time => time.TotalSeconds,
        var number => Convert.ToDouble(number, CultureInfo.InvariantCulture),
    };
}
