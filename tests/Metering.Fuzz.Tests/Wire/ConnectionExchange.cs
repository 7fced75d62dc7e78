using System.Buffers.Binary;
using System.Net;
using Metering.Load;

namespace Metering.Fuzz.Tests;

/// <summary>Sends inputs of <see cref="Carriage.Http2Connection"/>, each on a connection of its own.</summary>
internal static class ConnectionExchange
{
    // Calls under way get this long before they are cut off; nothing is judged by it.
    private static readonly TimeSpan AnswerPause = TimeSpan.FromMilliseconds(5);

    private const ulong Marker = 0x66757A7A2D656E64;

    /// <summary>
    /// Sends the bytes and a PING. Where the bytes are whole frames, the PING is one too: its acknowledgement says that the
    /// server has judged all before. Then this side is closed, and the server has to close its own.
    /// </summary>
    public static Answer Send(FuzzInput input, IPEndPoint endPoint, TimeSpan patience)
    {
        using var connection = new FrameConnection(endPoint, patience);
        var payload = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(payload, Marker);
        connection.Send([.. input.Bytes, .. FrameBytes.Frame(Http2Frame.Ping, 0, 0, payload)]);
        while (IsWhole(input.Bytes) && connection.Acknowledged != Marker && !connection.IsOver && connection.Whole.GoAways.Count == 0)
            connection.Read();
        if (connection.Acknowledged == Marker)
            connection.ReadWhileBusy(AnswerPause);
        connection.CloseSending();
        while (!connection.IsOver)
            connection.Read();

        Answer answer = connection.Whole;
        foreach (Answer stream in connection.Streams.Values)
        {
            answer.HttpStatuses.AddRange(stream.HttpStatuses);
            answer.GrpcStatuses.AddRange(stream.GrpcStatuses);
            answer.Resets.AddRange(stream.Resets);
            answer.Bodies.AddRange(stream.Bodies);
        }

        return answer;
    }

    private static bool IsWhole(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith(Http2Frame.ClientPreface))
            return false;
        FrameBytes.Split(bytes[Http2Frame.ClientPreface.Length..], out int rest);
        return rest == 0;
    }
}
