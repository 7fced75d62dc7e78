using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Metering.Grpc.Tests;

/// <summary>A whole gRPC answer.</summary>
internal sealed record GrpcAnswer(
    HttpStatusCode Http,
    RpcCode? Code,
    string Message,
    IReadOnlyList<byte[]> Messages,
    HttpResponseHeaders Headers,
    HttpResponseHeaders Trailers,
    IReadOnlyList<byte> Flags)
{
    /// <summary>Where the status was: Trailers-Only puts it into the headers.</summary>
    public bool IsTrailersOnly => Headers.Contains("grpc-status");
}

/// <summary>Sends gRPC with nothing but HttpClient, so that every byte is the test's own.</summary>
internal static class GrpcClient
{
    public static byte[] Frame(byte[] message, byte flag = 0)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    public static HttpRequestMessage Request(string path, HttpContent content, params (string Name, string Value)[] headers)
    {
        content.Headers.ContentType ??= new MediaTypeHeaderValue("application/grpc");
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    public static Task<GrpcAnswer> CallAsync(
        this ProbeHost host, string path, IMessage message, params (string Name, string Value)[] headers) =>
        host.SendAsync(path, Frame(message.ToByteArray()), headers);

    public static Task<GrpcAnswer> SendAsync(this ProbeHost host, string path, byte[] body, params (string Name, string Value)[] headers) =>
        host.SendAsync(Request(path, new ByteArrayContent(body), headers));

    public static async Task<GrpcAnswer> SendAsync(this ProbeHost host, HttpRequestMessage request)
    {
        using HttpResponseMessage response = await host.Grpc.SendAsync(request, TestContext.Current.CancellationToken);
        byte[] body = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        HttpResponseHeaders status = response.Headers.Contains("grpc-status") ? response.Headers : response.TrailingHeaders;
        return new GrpcAnswer(
            response.StatusCode,
            status.TryGetValues("grpc-status", out var code) ? (RpcCode)int.Parse(code.Single()) : null,
            status.TryGetValues("grpc-message", out var text) ? Uri.UnescapeDataString(text.Single()) : "",
            [.. Split(body).Select(frame => frame.Message)],
            response.Headers,
            response.TrailingHeaders,
            [.. Split(body).Select(frame => frame.Flag)]);
    }

    private static IEnumerable<(byte Flag, byte[] Message)> Split(byte[] body)
    {
        for (int start = 0; start < body.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(start + 1));
            yield return (body[start], body[(start + 5)..(start + 5 + length)]);
            start += 5 + length;
        }
    }
}
