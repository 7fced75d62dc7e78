using System.Collections.Concurrent;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Metering.Ledger;
using Yandex.Cloud.Marketplace.Metering.V1;
using UsageRecord = Yandex.Cloud.Marketplace.Metering.V1.UsageRecord;

namespace Metering.Faults;

/// <summary>
/// Clients as the documents want them: each sends a request to some node, over real HTTP/2, and sends it again, to whichever
/// node, until it is answered. Everything that they hear goes into <see cref="WrittenRecords"/>.
/// </summary>
internal sealed class WireClients : IAsyncDisposable
{
    private const string Write = "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write";
    private const int Ok = 0;
    private const int Unavailable = 14;
    private const int LongestRetryMilliseconds = 80;

    private readonly ServerNodes _nodes;
    private readonly IRecordSource _source;
    private readonly WrittenRecords _written;
    private readonly Task[] _clients;
    private readonly long[] _attempts;
    private readonly ConcurrentDictionary<int, long> _statuses = [];
    private readonly int _pauseMilliseconds;
    private long _unanswered;
    private volatile bool _isEnding;
    private volatile bool _isGivenUp;

    private WireClients(ServerNodes nodes, IRecordSource source, WrittenRecords written, int clients, int seed, int pauseMilliseconds)
    {
        _pauseMilliseconds = pauseMilliseconds;
        _nodes = nodes;
        _source = source;
        _written = written;
        _attempts = new long[clients];
        _clients = [.. Enumerable.Range(0, clients).Select(client => Task.Run(() => SendAsync(client, new Random(seed + client))))];
    }

    /// <summary>Requests that were answered.</summary>
    public long Answered => _statuses.GetValueOrDefault(Ok);

    /// <summary>Requests that were answered with UNAVAILABLE.</summary>
    public long Refused => _statuses.GetValueOrDefault(Unavailable);

    /// <summary>Requests that got no answer, since the node went away.</summary>
    public long Unanswered => Volatile.Read(ref _unanswered);

    /// <summary>Numbers of other gRPC statuses that came, each a fault.</summary>
    public IReadOnlyList<int> OtherStatuses => [.. _statuses.Keys.Where(status => status is not (Ok or Unavailable))];

    /// <summary>Starts to send.</summary>
    /// <param name="nodes">Where to.</param>
    /// <param name="source">What.</param>
    /// <param name="written">Takes what is heard.</param>
    /// <param name="clients">How many clients, each with one request under way at a time.</param>
    /// <param name="seed">Decides which node is sent to, and how long is paused.</param>
    /// <param name="pauseMilliseconds">Longest pause before a client's next request; 0 for none.</param>
    public static WireClients Start(
        ServerNodes nodes, IRecordSource source, WrittenRecords written, int clients, int seed, int pauseMilliseconds = 0) =>
        new(nodes, source, written, clients, seed, pauseMilliseconds);

    /// <summary>Waits until whatever every client has under way now has an end, good or bad.</summary>
    public async Task HearAllAsync()
    {
        long[] before = [.. _attempts];
        await Waiting.UntilAsync("every client to hear of its request", () => Task.FromResult(
            Enumerable.Range(0, before.Length).All(client => _clients[client].IsCompleted || Volatile.Read(ref _attempts[client]) > before[client])));
    }

    /// <summary>Waits until every client has sent everything that it has, which comes by itself if its source ends.</summary>
    public Task FinishAsync() => Task.WhenAll(_clients);

    /// <summary>Starts nothing new, and waits until every request that was begun is answered.</summary>
    public Task EndAsync()
    {
        _isEnding = true;
        return FinishAsync().WaitAsync(TimeSpan.FromMinutes(3));
    }

    /// <summary>Ends without waiting for answers that do not come.</summary>
    public async ValueTask DisposeAsync()
    {
        _isEnding = _isGivenUp = true;
        await FinishAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task SendAsync(int client, Random random)
    {
        while (!_isEnding && _source.Next(client, random) is { } uuids)
        {
            bool isAnswered = false;
            while (!isAnswered && !_isGivenUp)
            {
                isAnswered = await TryAsync(client, random, uuids);
                Interlocked.Increment(ref _attempts[client]);
                if (!isAnswered)
                    await Task.Delay(random.Next(1, LongestRetryMilliseconds));
            }

            if (_pauseMilliseconds > 0)
                await Task.Delay(random.Next(_pauseMilliseconds));
        }
    }

    // True once it is answered.
    private async Task<bool> TryAsync(int client, Random random, UInt128[] uuids)
    {
        ServerNode node = _nodes[random.Next(_nodes.Count)];
        _written.Sending(uuids);
        PlainAnswer answer;
        try
        {
            PlainClient connection = node.Clients[client % node.Clients.Count];
            answer = await connection.CallAsync(Write, RequestOf(uuids), ("authorization", $"Bearer {node.Token}"));
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException)
        {
            Interlocked.Increment(ref _unanswered);
            _written.Unheard(uuids);
            return false;
        }

        _statuses.AddOrUpdate(answer.Status, 1, (_, count) => count + 1);
        if (answer.Status != Ok)
        {
            if (answer.Status != Unavailable)
                _written.Fault($"A write was answered with gRPC status {answer.Status}: {answer.Words}");
            _written.Unheard(uuids);
            return false;
        }

        Note(uuids, answer.Read<WriteUsageResponse>());
        return true;
    }

    private void Note(UInt128[] uuids, WriteUsageResponse answer)
    {
        if (answer.Accepted.Count + answer.Rejected.Count != uuids.Length)
            _written.Fault($"{uuids.Length} records were answered with {answer.Accepted.Count + answer.Rejected.Count} verdicts.");
        foreach (AcceptedUsageRecord record in answer.Accepted)
            _written.Accepted(UuidOf(record.Uuid));
        foreach (RejectedUsageRecord record in answer.Rejected)
        {
            if (record.Reason == RejectedUsageRecord.Types.Reason.Duplicate)
                _written.Duplicate(UuidOf(record.Uuid));
            else
                _written.Fault($"{record.Uuid} was answered {record.Reason}.");
        }
    }

    private static UInt128 UuidOf(string text) =>
        RecordUuid.TryParse(Encoding.ASCII.GetBytes(text), out UInt128 uuid) ? uuid : throw new FaultsException($"An answer names '{text}', which is no uuid.");

    private static WriteUsageRequest RequestOf(UInt128[] uuids)
    {
        Timestamp now = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
        var request = new WriteUsageRequest { ProductInstanceId = SampleIds.Instance };
        request.UsageRecords.AddRange(uuids.Select(uuid => new UsageRecord
        {
            Uuid = RecordUuid.Format(uuid), SkuId = WrittenRecords.SkuOf(uuid), Quantity = WrittenRecords.QuantityOf(uuid), Timestamp = now,
        }));
        return request;
    }
}
