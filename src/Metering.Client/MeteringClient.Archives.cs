using System.Runtime.CompilerServices;
using Metering.Contracts.V1;

namespace Metering.Client;

/// <content>Archives of old records. Each throws <see cref="MeteringException"/>.</content>
public sealed partial class MeteringClient
{
    /// <summary>Archives the oldest records, as many as fit into one file. Call it until the answer holds no archive.</summary>
    public async Task<CreateArchiveResponse> CreateArchiveAsync(CreateArchiveRequest request, CancellationToken cancellationToken = default) =>
        (await _caller.CallAsync(Methods.CreateArchive, request, _administrator, cancellationToken)).Message;

    /// <summary>
    /// Archives every record that is old enough, file by file. Giving up between two leaves what was made; what is left is
    /// made by the next call.
    /// </summary>
    /// <param name="olderThan">Only records that were accepted longer ago than this.</param>
    /// <param name="dryRun">Only tell which archives would be made.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Each answer that holds an archive, once it is made.</returns>
    public async IAsyncEnumerable<CreateArchiveResponse> CreateArchivesAsync(
        TimeSpan olderThan, bool dryRun = false, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new CreateArchiveRequest
        {
            OlderThan = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(olderThan), DryRun = dryRun,
        };
        while (true)
        {
            CreateArchiveResponse answer = await CreateArchiveAsync(request, cancellationToken);
            if (answer.Archive is null)
                yield break;
            yield return answer;

            // The same moment again: records that grow old meanwhile would be archived one by one, without end.
            request.OlderThan = null;
            request.AcceptedBefore = answer.AcceptedBefore;
            request.AfterBatch = dryRun ? answer.Archive.LastBatch : 0;
        }
    }

    /// <summary>Every archive that the server's ledger knows of.</summary>
    public async Task<ListArchivesResponse> ListArchivesAsync(CancellationToken cancellationToken = default) =>
        (await _caller.CallAsync(Methods.ListArchives, new ListArchivesRequest(), _administrator, cancellationToken)).Message;

    /// <summary>Makes the server read an archive to its end and prove it.</summary>
    public async Task<VerifyArchiveResponse> VerifyArchiveAsync(string fileName, CancellationToken cancellationToken = default) =>
        (await _caller.CallAsync(
            Methods.VerifyArchive, new VerifyArchiveRequest { FileName = fileName }, _administrator, cancellationToken)).Message;

    /// <summary>The records of an archive, in the order in which they were accepted.</summary>
    public async IAsyncEnumerable<ArchivedRecord> ReadArchiveAsync(
        string fileName, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ReadArchivedRecordsRequest { FileName = fileName };
        do
        {
            ReadArchivedRecordsResponse page =
                (await _caller.CallAsync(Methods.ReadArchivedRecords, request, _administrator, cancellationToken)).Message;
            foreach (ArchivedRecord record in page.Records)
                yield return record;
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }
}
