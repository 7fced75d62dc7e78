using System.Globalization;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>Archives of old records, for the holder of the admin token.</summary>
internal sealed class ArchiveRpc(AdminGate admin, IArchives archives, MeteringClock clock, TimeSpan acceptance)
{
    /// <summary>The service, ready to be served; none when the store keeps every record.</summary>
    /// <param name="admin">Who may call.</param>
    /// <param name="archives">The store's archives.</param>
    /// <param name="clock">What ages are counted from.</param>
    /// <param name="acceptance">The acceptance window and the future tolerance: for so long, records of an hour can come in.</param>
    public static IEnumerable<RpcService> Services(AdminGate admin, IArchives? archives, MeteringClock clock, TimeSpan acceptance) =>
        archives is null ? [] : [new ArchiveRpc(admin, archives, clock, acceptance).Service()];

    private RpcService Service() => new RpcService(ArchiveServiceReflection.Descriptor.Services[0])
        .Guarded(admin.Guard)
        .Unary<CreateArchiveRequest, CreateArchiveResponse>("Create", CreateAsync, Limits.MessageBytes)
        .Unary<ListArchivesRequest, ListArchivesResponse>("List", ListAsync, Limits.MessageBytes)
        .Unary<VerifyArchiveRequest, VerifyArchiveResponse>("Verify", VerifyAsync, Limits.MessageBytes)
        .Unary<ReadArchivedRecordsRequest, ReadArchivedRecordsResponse>("ReadRecords", ReadRecordsAsync, Limits.MessageBytes);

    private async ValueTask<RpcResult<CreateArchiveResponse>> CreateAsync(CreateArchiveRequest request, RpcCall call)
    {
        if (ArchiveMoment.Read(request, clock, acceptance, out long acceptedBefore) is { } fault)
            return RefusalStatus.Of(Refusal.InvalidFields([fault]));
        var order = new ArchiveOrder(acceptedBefore, request.DryRun, request.AfterBatch);
        ArchiveAnswer answer = await archives.CreateAsync(order, call.CancellationToken);
        return answer.Outcome switch
        {
            ArchiveOutcome.Archived or ArchiveOutcome.NothingOldEnough => new CreateArchiveResponse
            {
                Archive = answer.Archive is { } archive ? Describe(archive) : null,
                AcceptedBefore = RecordMessages.TimestampOf(acceptedBefore),
                Folder = archives.Folder,
            },
            ArchiveOutcome.Busy => RefusalStatus.Of(new Refusal(RefusalKind.Overloaded, answer.Reason)),
            _ => RefusalStatus.Of(new Refusal(RefusalKind.Unavailable, answer.Reason)),
        };
    }

    private async ValueTask<RpcResult<ListArchivesResponse>> ListAsync(ListArchivesRequest request, RpcCall call) => new ListArchivesResponse
    {
        Archives = { (await archives.ListAsync(call.CancellationToken)).Select(Describe) },
        Folder = archives.Folder,
    };

    private async ValueTask<RpcResult<VerifyArchiveResponse>> VerifyAsync(VerifyArchiveRequest request, RpcCall call) =>
        await archives.InspectAsync(request.FileName, call.CancellationToken) is { } inspection
            ? new VerifyArchiveResponse
            {
                Archive = inspection.Archive is { } archive ? Describe(archive) : null,
                Noted = inspection.IsNoted,
                Differences = { inspection.Differences },
            }
            : NoSuchFile(request.FileName);

    private async ValueTask<RpcResult<ReadArchivedRecordsResponse>> ReadRecordsAsync(ReadArchivedRecordsRequest request, RpcCall call)
    {
        var faults = new List<FieldFault>();
        if (request.PageSize is < 0 or > Limits.ArchivePageRecords)
            faults.Add(new("page_size", $"is {request.PageSize}; 1 to {Limits.ArchivePageRecords} are allowed, and 0 for the most"));
        if (!TryReadToken(request.PageToken, out ArchivePosition from))
            faults.Add(new("page_token", "is none that this method gives"));
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));
        try
        {
            int records = request.PageSize == 0 ? Limits.ArchivePageRecords : request.PageSize;
            ArchivePage? page = await archives.ReadAsync(request.FileName, from, records, call.CancellationToken);
            return page is null ? NoSuchFile(request.FileName) : Describe(page);
        }
        catch (ArchiveDamageException damage)
        {
            return RefusalStatus.Of(new Refusal(RefusalKind.Damaged, damage.Message));
        }
    }

    private static Archive Describe(ArchiveEntry archive) => new()
    {
        FileName = archive.FileName,
        FirstBatch = archive.FirstBatch,
        LastBatch = archive.LastBatch,
        Records = archive.Records,
        Bytes = archive.Bytes,
        FirstAccepted = RecordMessages.TimestampOf(archive.FirstAcceptedUnixNanoseconds),
        LastAccepted = RecordMessages.TimestampOf(archive.LastAcceptedUnixNanoseconds),
        Sha256 = archive.Sha256,
        Present = archive.IsPresent,
    };

    private static ReadArchivedRecordsResponse Describe(ArchivePage page)
    {
        var answer = new ReadArchivedRecordsResponse
        {
            NextPageToken = page.Next is { } next ? string.Create(CultureInfo.InvariantCulture, $"{next.Batch}.{next.Offset}.{next.Record}") : string.Empty,
        };
        foreach (CountedRecord record in page.Records)
        {
            var sku = page.Names.GetValueOrDefault(record.SkuKey) as Sku;
            CatalogObject? owner = page.Names.GetValueOrDefault(record.OwnerKey);
            answer.Records.Add(new ArchivedRecord
            {
                Uuid = RecordUuid.Format(record.Uuid),
                ProductId = sku?.ProductId ?? string.Empty,
                ProductInstanceId = (owner as ProductInstance)?.Id ?? string.Empty,
                BillingAccountId = (owner as ProductInstance)?.CustomerId ?? (owner as Customer)?.Id ?? string.Empty,
                SkuId = sku?.Id ?? string.Empty,
                Unit = sku?.Unit ?? string.Empty,
                Quantity = record.Quantity,
                Timestamp = RecordMessages.TimestampOf(record.TimestampUnixNanoseconds),
                Accepted = RecordMessages.TimestampOf(record.AcceptedUnixNanoseconds),
                ServiceAccountId = page.Names.GetValueOrDefault(record.AccountKey)?.Id ?? string.Empty,
                RequestId = record.RequestId.ToString(),
            });
        }

        return answer;
    }

    private static bool TryReadToken(string token, out ArchivePosition position)
    {
        position = default;
        if (token.Length == 0)
            return true;
        string[] parts = token.Split('.');
        if (parts.Length != 3
            || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long batch)
            || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
            || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out int record))
        {
            return false;
        }

        position = new ArchivePosition(batch, offset, record);
        return batch > 0;
    }

    private RpcStatus NoSuchFile(string fileName) => RefusalStatus.Of(new Refusal(
        RefusalKind.NotFound, $"There is no archive '{fileName}' in {archives.Folder}, or no such place in it."));
}
