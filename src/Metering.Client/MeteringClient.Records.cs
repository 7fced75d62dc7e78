using System.Runtime.CompilerServices;
using Google.Protobuf;
using Metering.Contracts.V1;

namespace Metering.Client;

/// <content>
/// Records one by one. Called with the admin token, if the options have one: it sees everything; else with the service
/// account, which sees what is its publisher's or its customer's. Each throws <see cref="MeteringException"/>.
/// </content>
public sealed partial class MeteringClient
{
    /// <summary>Most uuids in one call of <see cref="LookUpAsync(IAsyncEnumerable{string}, CancellationToken)"/>.</summary>
    public const int UuidsPerLookUp = 1000;

    /// <summary>What became of records, by uuid: any number, in calls of 1,000.</summary>
    /// <param name="uuids">As they were sent.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>In the same order.</returns>
    public IAsyncEnumerable<RecordLookUp> LookUpAsync(IEnumerable<string> uuids, CancellationToken cancellationToken = default) =>
        LookUpAsync(uuids.ToAsyncEnumerable(), cancellationToken);

    /// <summary>What became of records, by uuid, from a stream and in constant memory. For the parameters see the other overload.</summary>
    public async IAsyncEnumerable<RecordLookUp> LookUpAsync(
        IAsyncEnumerable<string> uuids, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (string[] some in uuids.Chunk(UuidsPerLookUp).WithCancellation(cancellationToken))
        {
            var request = new LookUpRecordsRequest { Uuids = { some } };
            foreach (RecordLookUp record in (await CallReadAsync(Methods.LookUpRecords, request, cancellationToken)).Records)
                yield return record;
        }
    }

    /// <summary>Accepted records in the order in which they were accepted, page by page. What is accepted meanwhile may come too.</summary>
    /// <param name="filter">Which records; null: all that the caller may see.</param>
    /// <param name="pageSize">Records in one answer, at most 10,000; 0: the server's choice.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async IAsyncEnumerable<AcceptedRecord> ListRecordsAsync(
        RecordFilter? filter = null, int pageSize = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ListRecordsRequest { Filter = filter, PageSize = pageSize };
        do
        {
            ListRecordsResponse page = await CallReadAsync(Methods.ListRecords, request, cancellationToken);
            foreach (AcceptedRecord record in page.Records)
                yield return record;
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>
    /// The feed: every accepted record in the order of commits, first what is there and then live. Each answer has the place
    /// after its records; whoever keeps it together with what it made of the records counts each of them once. After a lost
    /// connection it goes on from the last place, so that nothing is missed or comes twice.
    /// </summary>
    /// <param name="request">From where on (a cursor, or a consumer's saved place), and which records.</param>
    /// <param name="cancellationToken">Ends it: the only end of a feed that is not <c>until_end</c>.</param>
    /// <returns>Records and the place after them; an answer may have no records.</returns>
    /// <exception cref="MeteringException">
    /// The server refused, or was away for <see cref="MeteringClientOptions.AttemptsMaximum"/> attempts since the last answer.
    /// </exception>
    public async IAsyncEnumerable<WatchRecordsResponse> WatchRecordsAsync(
        WatchRecordsRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        WatchRecordsRequest next = request.Clone();
        await foreach (WatchRecordsResponse answer in _streams.ReadAsync(
            Methods.WatchRecords, () => next, isEndless: !request.UntilEnd, _reader, cancellationToken))
        {
            (next.Cursor, next.Consumer) = (answer.Cursor, string.Empty);
            yield return answer;
        }
    }

    /// <summary>
    /// Accepted records as text, piece by piece, each of whole lines and with the place after it. After a lost connection it
    /// goes on from there.
    /// </summary>
    /// <param name="request">Format, which records, and the place to go on from.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async IAsyncEnumerable<ExportRecordsResponse> ExportRecordsAsync(
        ExportRecordsRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ExportRecordsRequest next = request.Clone();
        await foreach (ExportRecordsResponse piece in _streams.ReadAsync(
            Methods.ExportRecords, () => next, isEndless: false, _reader, cancellationToken))
        {
            next.Cursor = piece.Cursor;
            yield return piece;
            if (piece.Cursor.Length == 0)
                yield break; // there are no records at all; after a lost connection the header would come again
        }
    }

    /// <summary>Keeps a place in the feed under a name, durably, for a consumer without storage of its own.</summary>
    /// <param name="name">1 to 50 letters, digits, '.', '_' and '-'; the caller's own.</param>
    /// <param name="cursor">The place.</param>
    /// <param name="expectedCursor">
    /// Save only if this place is kept now ("start": none is), else the call fails with <see cref="GrpcStatusCode.Aborted"/>;
    /// null: save in any case. When an answer was lost, the place that is kept tells whether it was this one.
    /// </param>
    /// <param name="cancellationToken">Gives up; it may be saved all the same.</param>
    public async Task<FeedConsumer> SaveConsumerAsync(
        string name, string cursor, string? expectedCursor = null, CancellationToken cancellationToken = default)
    {
        var request = new SaveConsumerRequest { Name = name, Cursor = cursor, ExpectedCursor = expectedCursor ?? string.Empty };
        bool isUncertain = false;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return (await CallReadAsync(Methods.SaveConsumer(expectsPlace: expectedCursor is not null), request, cancellationToken)).Consumer;
            }
            catch (MeteringException fault) when (
                expectedCursor is not null && (fault.OutcomeIsUnknown || (isUncertain && fault.Code == GrpcStatusCode.Aborted)))
            {
                // The place that it was to replace may be replaced already, by this very call. (If another consumer came to
                // the very same place meanwhile, both go on until the next one is saved, which tells them apart.)
                FeedConsumer? kept = (await ListConsumersAsync(cancellationToken)).FirstOrDefault(consumer => consumer.Name == name);
                if (kept?.Cursor == cursor)
                    return kept;
                if (fault.Code == GrpcStatusCode.Aborted || attempt >= _options.AttemptsMaximum)
                    throw;
                isUncertain = true;
            }
        }
    }

    /// <summary>The caller's places in the feed, by name.</summary>
    public async Task<IReadOnlyList<FeedConsumer>> ListConsumersAsync(CancellationToken cancellationToken = default) =>
        (await CallReadAsync(Methods.ListConsumers, new ListConsumersRequest(), cancellationToken)).Consumers;

    /// <summary>Forgets a place.</summary>
    public Task DeleteConsumerAsync(string name, CancellationToken cancellationToken = default) =>
        CallReadAsync(Methods.DeleteConsumer, new DeleteConsumerRequest { Name = name }, cancellationToken);

    /// <summary>How far the timestamps of accounts' records are from the server's clock.</summary>
    /// <param name="serviceAccountId">Only this account; null: all that the caller may see.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<ListSkewResponse> ListSkewAsync(string? serviceAccountId = null, CancellationToken cancellationToken = default) =>
        CallReadAsync(Methods.ListSkew, new ListSkewRequest { ServiceAccountId = serviceAccountId ?? string.Empty }, cancellationToken);

    /// <summary>What was counted for an owner in a closed period.</summary>
    /// <exception cref="MeteringException">
    /// With <see cref="GrpcStatusCode.FailedPrecondition"/>: the period is not closed yet; the message says when it is.
    /// </exception>
    public async Task<Statement> GetStatementAsync(GetStatementRequest request, CancellationToken cancellationToken = default) =>
        (await CallReadAsync(Methods.GetStatement, request, cancellationToken)).Statement;

    /// <summary>Proves that totals, index and records agree: how far it came, and at last the report. After a lost connection it begins again.</summary>
    public IAsyncEnumerable<VerifyLedgerResponse> VerifyLedgerAsync(CancellationToken cancellationToken = default) =>
        _streams.ReadAsync(Methods.VerifyLedger, () => new VerifyLedgerRequest(), isEndless: false, _administrator, cancellationToken);

    private async Task<TResponse> CallReadAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse> => (await _caller.CallAsync(method, request, _reader, cancellationToken)).Message;
}
