using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Bench;

/// <summary>A verification, an export and ten queries a second, from the start of this until <see cref="EndAsync"/>.</summary>
internal sealed class ReadsBeside : IAsyncDisposable
{
    /// <summary>Queries that are due in a second.</summary>
    public const int QueriesPerSecond = 10;

    private readonly MeteringClient _client;
    private readonly TimeProvider _time;
    private readonly IReadOnlyList<QueryUsageRequest> _queries;
    private readonly CancellationTokenSource _over = new();
    private readonly List<double> _queryMilliseconds = [];
    private readonly Task _reads;
    private readonly long _startedAt;
    private long _verified;
    private long _exported;
    private bool _isEnded;

    /// <summary>Begins.</summary>
    /// <param name="client">Calls the server.</param>
    /// <param name="queries">What is asked, in turn.</param>
    /// <param name="time">The clock.</param>
    public ReadsBeside(MeteringClient client, IReadOnlyList<QueryUsageRequest> queries, TimeProvider time)
    {
        (_client, _queries, _time, _startedAt) = (client, queries, time, time.GetTimestamp());
        _reads = Task.WhenAll(UntilOverAsync(VerifyAsync), UntilOverAsync(ExportAsync), UntilOverAsync(QueryAsync));
    }

    /// <summary>Ends them in the middle of what they do.</summary>
    /// <returns>What they got done.</returns>
    /// <exception cref="BenchException">One of them failed, or did nothing.</exception>
    public async Task<ReadsDone> EndAsync()
    {
        await DisposeAsync();
        double seconds = _time.GetElapsedTime(_startedAt).TotalSeconds;
        ReadsDone done;
        lock (_queryMilliseconds)
            done = new ReadsDone(seconds, _verified, _exported, [.. _queryMilliseconds]);
        return done is { Verified: > 0, Exported: > 0, Queries: > 0 } ? done
            : throw new BenchException($"Nothing was read beside the writes: {done.Verified:N0} verified, {done.Exported:N0} exported, {done.Queries} queries.");
    }

    public async ValueTask DisposeAsync()
    {
        if (_isEnded)
            return;
        _isEnded = true;
        await _over.CancelAsync();
        await _reads;
        _over.Dispose();
    }

    // Again and again: a small ledger is read to its end before the turn is over.
    private async Task UntilOverAsync(Func<CancellationToken, Task> read)
    {
        try
        {
            while (!_over.IsCancellationRequested)
                await read(_over.Token);
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            // as it should end
        }
        catch (MeteringException fault)
        {
            throw new BenchException($"Reading beside the writes failed: {fault.Message}");
        }
    }

    private async Task VerifyAsync(CancellationToken stop)
    {
        string? checking = null;
        long before = 0;
        await foreach (VerifyLedgerResponse told in _client.VerifyLedgerAsync(stop))
        {
            if (told.Report is { } report)
            {
                if (report.Differences.Count > 0)
                    throw new BenchException($"The ledger is not sound: {report.Differences[0]}");
                _verified += checking is null or "records" ? report.Records - before : 0;
                return;
            }

            checking ??= told.Checking;
            if (told.Checking != checking)
                continue;
            _verified += told.Done - before;
            before = told.Done;
        }
    }

    private async Task ExportAsync(CancellationToken stop)
    {
        var everything = new ExportRecordsRequest { Format = ExportRecordsRequest.Types.Format.Csv };
        await foreach (ExportRecordsResponse piece in _client.ExportRecordsAsync(everything, stop))
            _exported += piece.Records;
    }

    private async Task QueryAsync(CancellationToken stop)
    {
        var asked = new List<Task>();
        try
        {
            for (int query = 0; ; query++)
            {
                TimeSpan due = TimeSpan.FromSeconds((double)query / QueriesPerSecond);
                if (due - _time.GetElapsedTime(_startedAt) is var wait && wait > TimeSpan.Zero)
                    await Task.Delay(wait, _time, stop);
                asked.RemoveAll(one => one.IsCompletedSuccessfully);
                asked.Add(AskAsync(_queries[query % _queries.Count], due, stop));
            }
        }
        finally
        {
            await Task.WhenAll(asked);
        }
    }

    private async Task AskAsync(QueryUsageRequest query, TimeSpan due, CancellationToken stop)
    {
        await _client.QueryUsageAsync(query, stop);
        lock (_queryMilliseconds)
            _queryMilliseconds.Add((_time.GetElapsedTime(_startedAt) - due).TotalMilliseconds);
    }
}
