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
    private const int PageRecords = 1_000;
    private const int CarelessPageRecords = 20; // less than a request has
    private const int Unavailable = 14;
    private const string Read = "/metering.v1.UsageService/ReadFeed";

    private readonly PlainClient _client = new($"http://{node.Grpc}");
    private readonly string _token = File.ReadAllText(JsonElement.Parse(node.Facts).GetProperty("adminTokenFile").GetString()!).Trim();
    private string _cursor = "";

    /// <summary>Uuids in the order in which they came.</summary>
    public List<string> Seen { get; } = [];

    /// <summary>Follows until it is ended, and then to the end of the feed, with care.</summary>
    public async Task FollowAsync(CancellationToken ended)
    {
        while (true)
        {
            bool isLast = ended.IsCancellationRequested; // before the page: everything is in it, or after it
            bool isSkipping = isCareless && !isLast;
            ReadFeedResponse page = await ReadAsync(isSkipping ? CarelessPageRecords : PageRecords);
            Seen.AddRange(page.Records.Select(record => record.Uuid));
            _cursor = isSkipping ? (await ReadAsync(CarelessPageRecords + 1)).Cursor : page.Cursor;
            if (page.AtEnd && isLast)
                return;
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<ReadFeedResponse> ReadAsync(int size)
    {
        var request = new ReadFeedRequest { Cursor = _cursor, PageSize = size, Wait = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(200)) };
        PlainAnswer answer;
        do
            answer = await _client.CallAsync(Read, request, ("authorization", $"Bearer {_token}"));
        while (answer.Status == Unavailable); // the place is as good as before
        return answer.Read<ReadFeedResponse>();
    }
}
