using System.Runtime.CompilerServices;
using Metering.Contracts.V1;

namespace Metering.Client;

/// <content>
/// Rejected records. Called with the admin token, if the options have one; else with the service account, which sees what is its
/// publisher's or its customer's. Each throws <see cref="MeteringException"/>.
/// </content>
public sealed partial class MeteringClient
{
    /// <summary>Rejected records as they were sent, newest first, page by page.</summary>
    /// <param name="filter">Which records; null: all that the caller may see.</param>
    /// <param name="pageSize">Records in one answer, at most 10,000; 0: the server's choice.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async IAsyncEnumerable<RejectedRecord> ListRejectedRecordsAsync(
        RejectedFilter? filter = null, int pageSize = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ListRejectedRecordsRequest { Filter = filter, PageSize = pageSize };
        do
        {
            ListRejectedRecordsResponse page = await CallReadAsync(Methods.ListRejectedRecords, request, cancellationToken);
            foreach (RejectedRecord record in page.Records)
                yield return record;
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    /// <summary>What rejected records add up to: the quantity at risk by SKU and reason.</summary>
    public Task<SummarizeRejectedRecordsResponse> SummarizeRejectedRecordsAsync(
        RejectedFilter? filter = null, CancellationToken cancellationToken = default) => CallReadAsync(
            Methods.SummarizeRejectedRecords, new SummarizeRejectedRecordsRequest { Filter = filter }, cancellationToken);

    /// <summary>
    /// For the admin: has rejected records judged anew, once the catalog was put right, page by page. Broken off, it can be called
    /// again: each record is counted once.
    /// </summary>
    /// <param name="request">Which records, and how; the page token is left aside.</param>
    /// <param name="cancellationToken">Gives up between two pages.</param>
    public async IAsyncEnumerable<ReplayRejectedRecordsResponse> ReplayRejectedRecordsAsync(
        ReplayRejectedRecordsRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ReplayRejectedRecordsRequest next = request.Clone();
        next.PageToken = string.Empty;
        do
        {
            ReplayRejectedRecordsResponse page =
                (await _caller.CallAsync(Methods.ReplayRejectedRecords, next, _administrator, cancellationToken)).Message;
            yield return page;
            next.PageToken = page.NextPageToken;
        }
        while (next.PageToken.Length > 0);
    }

    /// <summary>For the admin: every replay that was no dry run, newest first.</summary>
    public async Task<IReadOnlyList<Replay>> ListReplaysAsync(CancellationToken cancellationToken = default) =>
        (await _caller.CallAsync(Methods.ListReplays, new ListReplaysRequest(), _administrator, cancellationToken)).Message.Replays;
}
