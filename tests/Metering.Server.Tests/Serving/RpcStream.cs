using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Metering.Server.Tests;

/// <summary>A gRPC call whose answers come one by one, over cleartext HTTP/2.</summary>
internal sealed class RpcStream<TResponse> : IAsyncDisposable
    where TResponse : class, IMessage<TResponse>, new()
{
    private readonly HttpResponseMessage _answer;
    private readonly Stream _body;

    private RpcStream(HttpResponseMessage answer, Stream body)
    {
        _answer = answer;
        _body = body;
    }

    /// <summary>The status, once <see cref="NextAsync"/> has answered null.</summary>
    public int Status => int.Parse(Trailer("grpc-status") ?? "-1");

    public string Message => Uri.UnescapeDataString(Trailer("grpc-message") ?? "");

    public static async Task<RpcStream<TResponse>> OpenAsync(RunningServer server, string method, IMessage request, string token)
    {
        byte[] frame = [0, 0, 0, 0, 0, .. request.ToByteArray()];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - 5);
        using var message = new HttpRequestMessage(HttpMethod.Post, $"http://{server.Server.Facts.Listening.Grpc}/metering.v1.UsageService/{method}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        message.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        message.Headers.TryAddWithoutValidation("authorization", $"Bearer {token}");
        HttpResponseMessage answer = await server.Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, Stop);
        return new RpcStream<TResponse>(answer, await answer.Content.ReadAsStreamAsync(Stop));
    }

    /// <summary>The next answer; null after the last.</summary>
    public async Task<TResponse?> NextAsync()
    {
        byte[] head = new byte[5];
        if (await _body.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, Stop) < head.Length)
            return null;
        byte[] bytes = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1))];
        await _body.ReadExactlyAsync(bytes, Stop);
        var response = new TResponse();
        response.MergeFrom(bytes);
        return response;
    }

    /// <summary>All answers until the end, which must be OK.</summary>
    public async Task<List<TResponse>> RestAsync()
    {
        var answers = new List<TResponse>();
        while (await NextAsync() is { } answer)
            answers.Add(answer);
        Assert.True(Status == 0, $"{Status}: {Message}");
        return answers;
    }

    public async ValueTask DisposeAsync()
    {
        await _body.DisposeAsync();
        _answer.Dispose();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string? Trailer(string name) =>
        (_answer.TrailingHeaders.Contains("grpc-status") ? _answer.TrailingHeaders : _answer.Headers).TryGetValues(name, out IEnumerable<string>? values)
            ? values.Single() : null;
}
