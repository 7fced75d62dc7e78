using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Moves a ledger from one store into another: records in batches, then everything else in one transaction, then a comparison
/// of every record, every total and everything else; only then the target may be served. The target knows after each
/// transaction how far it came, so that a move goes on wherever it was ended, and what was served and counted at the source in
/// between comes along.
/// </summary>
internal sealed class LedgerMove
{
    private readonly ILedgerSource _source;
    private readonly ILedgerTarget _target;
    private readonly string? _adminToken;
    private readonly IProgress<MoveProgress> _progress;
    private readonly int _transactionRecords;
    private readonly long _total;
    private MoveMark _mark;

    private LedgerMove(ILedgerSource source, ILedgerTarget target, string? adminToken, MoveMark mark, int transactionRecords, IProgress<MoveProgress> progress)
    {
        _source = source;
        _target = target;
        _adminToken = adminToken;
        _mark = mark;
        _transactionRecords = transactionRecords;
        _progress = progress;
        _total = source.RecordsUpTo(source.LastBatch);
    }

    /// <summary>Claims the target, or takes up a move that was begun.</summary>
    /// <exception cref="StoreException">The target is not for this ledger, or the source is not what was begun with.</exception>
    public static async Task<LedgerMove> BeginAsync(
        ILedgerSource source, ILedgerTarget target, string? adminToken, int transactionRecords, IProgress<MoveProgress> progress,
        CancellationToken cancellationToken)
    {
        MoveMark mark = await target.BeginAsync(source.Ledger, cancellationToken);
        long records = source.RecordsUpTo(mark.LastBatch);
        if (mark.LastBatch > source.LastBatch || records != mark.Records)
        {
            throw new StoreException(
                $"{source.Place} is not the ledger that was begun with, but another copy of it: up to batch {mark.LastBatch} it has {records} records, "
                + $"and {mark.Records} were moved to {target.Place}. Move the copy that was served last, or begin again with an empty database.");
        }

        if (mark.IsComplete && mark.LastBatch < source.LastBatch)
        {
            throw new StoreException(
                $"{source.Place} was moved to {target.Place} before, and has counted {source.RecordsUpTo(source.LastBatch) - mark.Records} records since, "
                + "which are not there. A ledger is served from one place: write them there again, and put this copy away.");
        }

        return new LedgerMove(source, target, adminToken, mark, transactionRecords, progress);
    }

    /// <summary>Goes on to the end, or to a difference.</summary>
    /// <exception cref="MoveBrokenException">The source is damaged or the target went away.</exception>
    public async Task<MoveReport> RunAsync(CancellationToken cancellationToken)
    {
        var report = new MoveReport(_source.Ledger, _target.Place, _total, _total - _mark.Records) { WasComplete = _mark.IsComplete };
        if (_mark.IsComplete)
            return report;
        try
        {
            await MoveRecordsAsync(cancellationToken);
            _progress.Report(new MoveProgress(MovePhase.Furnishing, _total, _total));
            LedgerBelongings belongings = await _source.ReadBelongingsAsync(cancellationToken) with { AdminToken = _adminToken };
            await _target.FurnishAsync(
                _mark, belongings, _source.ReadTotalsAsync(cancellationToken), _source.ReadRejectionsAsync(cancellationToken),
                _source.ReadRejectedAsync(cancellationToken), cancellationToken);

            var comparison = new LedgerComparison(_source, _target, _transactionRecords, _progress);
            await comparison.RunAsync(belongings, _total, cancellationToken);
            if (comparison.Differences.Count == 0)
                await _target.CompleteAsync(_mark, cancellationToken);
            return report with
            {
                Totals = comparison.Totals,
                Rejections = comparison.Rejections,
                RejectedRecords = comparison.RejectedRecords,
                Consumers = belongings.Consumers.Count,
                CatalogObjects = belongings.Catalog.Objects.Count,
                SigningKeys = belongings.SigningKeys.Count,
                Revocations = belongings.Revocations.Count,
                HasAdminToken = belongings.AdminToken is not null,
                Differences = comparison.Differences,
            };
        }
        catch (StoreException fault)
        {
            throw new MoveBrokenException(
                $"{fault.Message} {_mark.Records} of {_total} records were moved; started again, the same command goes on from there.", fault);
        }
    }

    private async Task MoveRecordsAsync(CancellationToken cancellationToken)
    {
        _progress.Report(new MoveProgress(MovePhase.Moving, _mark.Records, _total));
        using IRecordBatches batches = _source.ReadBatches(_mark.LastBatch);
        await foreach (RecordChunk chunk in new RecordChunks(batches, _transactionRecords).ReadAsync())
        {
            MoveMark reached = new(chunk.LastBatch, _mark.Records + chunk.Records.Count, IsComplete: false);
            await _target.AddAsync(_mark, reached, chunk.Records, cancellationToken);
            _mark = reached;
            _progress.Report(new MoveProgress(MovePhase.Moving, _mark.Records, _total));
        }
    }
}
