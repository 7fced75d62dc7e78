using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;

namespace Metering.EndToEnd.Tests;

/// <summary>
/// Follows the feed of one node, call by call, and keeps what it is given. A careless one goes on from the place of another,
/// longer reading instead of from that of what it took.
/// </summary>
internal sealed class FeedFollower(MeteringProcess node, bool isCareless = false) : IDisposable
{
    private const int PageRecords = 40;
    private const string Read = "/metering.v1.UsageService/ReadFeed";

    private readonly PlainClient _client = new($"http://{node.Grpc}");
    private readonly string _token = File.ReadAllText(JsonElement.Parse(node.Facts).GetProperty("adminTokenFile").GetString()!).Trim();
    private string _cursor = "";

    /// <summary>Uuids in the order in which they came.</summary>
    public List<string> Seen { get; } = [];

    /// <summary>Follows until it is ended, and then to the end of the feed.</summary>
    public async Task FollowAsync(CancellationToken ended)
    {
        while (true)
        {
            bool isLast = ended.IsCancellationRequested; // before the page: everything is in it, or after it
            ReadFeedResponse page = await ReadAsync(PageRecords);
            Seen.AddRange(page.Records.Select(record => record.Uuid));
            _cursor = isCareless ? (await ReadAsync(PageRecords + 1)).Cursor : page.Cursor;
            if (page.AtEnd && isLast)
                return;
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<ReadFeedResponse> ReadAsync(int size)
    {
        var request = new ReadFeedRequest { Cursor = _cursor, PageSize = size, Wait = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(200)) };
        return (await _client.CallAsync(Read, request, ("authorization", $"Bearer {_token}"))).Read<ReadFeedResponse>();
    }
}
