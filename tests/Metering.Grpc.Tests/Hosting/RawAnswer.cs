using System.Buffers.Binary;
using System.Text;

namespace Metering.Grpc.Tests;

/// <summary>What a stream brought, frame by frame, from its beginning to its end.</summary>
internal sealed record RawAnswer(IReadOnlyList<RawFrame> Frames)
{
    /// <summary>The headers of the answer; of a Trailers-Only answer these are all.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers => RawHeaders.Decode(Frames[0].Payload);

    /// <summary>The headers of the last block.</summary>
    public IReadOnlyList<(string Name, string Value)> Trailers =>
        RawHeaders.Decode(Frames.Last(frame => frame.Type == RawFrame.Headers).Payload);

    /// <summary>Exactly one HEADERS frame, which ends the stream.</summary>
    public bool IsTrailersOnly => Frames is [{ Type: RawFrame.Headers, EndsStream: true }];

    public string HttpStatus => Find(Headers, ":status") ?? "";

    public RpcCode? Code => Find(Trailers, "grpc-status") is { } code ? (RpcCode)int.Parse(code) : null;

    /// <summary><c>grpc-message</c>, decoded.</summary>
    public string Message => Uri.UnescapeDataString(Find(Trailers, "grpc-message") ?? "");

    /// <summary>The messages, however they were cut into DATA frames.</summary>
    public IReadOnlyList<byte[]> Messages
    {
        get
        {
            byte[] body = [.. Frames.Where(frame => frame.Type == RawFrame.Data).SelectMany(frame => frame.Payload)];
            List<byte[]> messages = [];
            for (int start = 0; start < body.Length;)
            {
                int length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(start + 1));
                messages.Add(body[(start + 5)..(start + 5 + length)]);
                start += 5 + length;
            }

            return messages;
        }
    }

    public static string? Find(IReadOnlyList<(string Name, string Value)> headers, string name) =>
        headers.Where(header => header.Name == name).Select(header => header.Value).SingleOrDefault();

    /// <summary>Reads a stream to its end.</summary>
    public static async Task<RawAnswer> ReadAsync(RawHttp2 client, int stream) => new(await client.ReadToEndAsync(stream));

    /// <summary>For messages of failed assertions.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (RawFrame frame in Frames)
        {
            text.Append($"[{frame.Type} flags {frame.Flags} {frame.Payload.Length} B");
            if (frame.Type == RawFrame.Headers)
                text.Append(": ").AppendJoin(", ", RawHeaders.Decode(frame.Payload).Select(header => $"{header.Name}={header.Value}"));
            text.Append("] ");
        }

        return text.ToString();
    }
}
