using Google.Protobuf;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;
using Format = Metering.Contracts.V1.ExportRecordsRequest.Types.Format;

namespace Metering.Server;

/// <summary>Accepted records as lines of a file, in pieces, as fast as the client takes them.</summary>
internal sealed class ExportRpc(CatalogHolder catalog, IMeteringStore store, TimeProvider time)
{
    private const int PageRecords = 500; // of a few hundred bytes: a piece is full after one or a few pages
    private const int PieceBytes = 64 * 1024;

    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(10);

    /// <summary>Answers <c>ExportRecords</c>.</summary>
    public async ValueTask<RpcStatus> ExportRecordsAsync(ExportRecordsRequest request, RpcWriter<ExportRecordsResponse> writer, RpcCall call)
    {
        var faults = new List<FieldFault>();
        RecordQuestion question = RecordMessages.QuestionOf(request.Filter, faults);
        LineForm? form = FormOf(request.Format, faults);
        LedgerCursor start = FeedStart.CursorOf(request.Cursor, "cursor", faults);
        if (form is null || faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));
        call.MayCompressResponses = false; // it would take longer than everything else together
        var view = new RecordView(ReadGate.ScopeOf(call), question, catalog);
        try
        {
            await ExportAsync(start, view, new RecordLines(form, view), writer, call.CancellationToken);
            return RpcStatus.Ok;
        }
        catch (UnknownCursorException fault)
        {
            return RefusalStatus.Of(Refusal.InvalidFields([new("cursor", fault.Message)]));
        }
    }

    private async Task ExportAsync(
        LedgerCursor start, RecordView view, RecordLines lines, RpcWriter<ExportRecordsResponse> writer, CancellationToken cancellationToken)
    {
        using IBulkReading reading = store.Records.BeginBulk();
        var walk = new RecordWalk(store.Records, view);
        LedgerCursor place = await walk.BeginAsync(start, cancellationToken);
        if (start.IsStart)
            lines.AddHeader();
        long toldAt = time.GetTimestamp();
        while (true)
        {
            long workedFrom = time.GetTimestamp();
            RecordPage page = await store.Records.ReadAsync(place, PageRecords, cancellationToken);
            lines.Add(page.Records);
            place = page.Next;
            bool isEnd = page.IsEnd || await walk.IsPastAsync(page, cancellationToken);
            TimeSpan worked = time.GetElapsedTime(workedFrom);
            if (isEnd || lines.Bytes.Length >= PieceBytes || time.GetElapsedTime(toldAt) >= TellEvery)
            {
                // What is written is copied into the response before this returns, and the lines' memory is theirs again.
                await writer.WriteAsync(new ExportRecordsResponse
                {
                    Lines = UnsafeByteOperations.UnsafeWrap(lines.Bytes),
                    Records = lines.Records,
                    Cursor = place.ToString(),
                });
                lines.Clear();
                toldAt = time.GetTimestamp();
            }

            if (isEnd)
                return;
            await reading.GiveWayAsync(worked, cancellationToken);
        }
    }

    private static LineForm? FormOf(Format format, List<FieldFault> faults)
    {
        if (format is Format.Csv)
            return LineForm.Csv;
        if (format is Format.Jsonl)
            return LineForm.Json;
        faults.Add(new("format", $"is {(int)format}; CSV and JSONL are known"));
        return null;
    }
}
