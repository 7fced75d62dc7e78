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
}
