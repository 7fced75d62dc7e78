using System.Runtime.CompilerServices;
using Metering.Contracts.V1;

namespace Metering.Client;

/// <content>Corrections of what was counted. Each call throws <see cref="MeteringException"/>.</content>
public sealed partial class MeteringClient
{
    /// <summary>
    /// Puts an entry beside a record, so that together they are what the record should have been. Called with the admin token.
    /// With a <see cref="CorrectRecordRequest.CorrectionId"/> it corrects once, however often it is called.
    /// </summary>
    public async Task<CorrectRecordResponse> CorrectRecordAsync(CorrectRecordRequest request, CancellationToken cancellationToken = default) =>
        (await _caller.CallAsync(Methods.CorrectRecord, request, _administrator, cancellationToken)).Message;

    /// <summary>Corrections, by the timestamps of their records, in calls of a page each.</summary>
    /// <param name="filter">Which records' corrections; null for all that the caller may see.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async IAsyncEnumerable<Correction> ListCorrectionsAsync(
        RecordFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ListCorrectionsRequest { Filter = filter };
        do
        {
            ListCorrectionsResponse page = (await _caller.CallAsync(Methods.ListCorrections, request, _administrator, cancellationToken)).Message;
            foreach (Correction correction in page.Corrections)
                yield return correction;
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }
}
