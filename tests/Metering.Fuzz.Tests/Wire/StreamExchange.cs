using System.Buffers.Binary;
using System.Net;
using Metering.Load;

namespace Metering.Fuzz.Tests;

/// <summary>Sends inputs of <see cref="Carriage.Http2Stream"/>, many at a time on one connection, and keeps to flow control.</summary>
internal sealed class StreamExchange(IPEndPoint endPoint, TimeSpan patience) : IDisposable
{
    private const int StreamsPerConnection = 2000; // then a fresh one, so that much is also tried on young connections

    private FrameConnection? _connection;
    private int _nextStream = 1;

    /// <summary>
    /// The answers, in order. Null for one that shared a connection that ended before it was answered: it may be another
    /// input's doing, and nothing is said about this one until it was sent by itself.
    /// </summary>
    public Answer?[] Send(IReadOnlyList<FuzzInput> inputs)
    {
        FrameConnection connection = Connect();
        connection.Await();
        int first = _nextStream;
        _nextStream += 2 * inputs.Count;
        using var unsent = new MemoryStream();
        for (int index = 0; index < inputs.Count && !connection.IsOver; index++)
            SendFrames(connection, inputs[index], first + (2 * index), unsent);
        Flush(connection, unsent);
        int[] streams = [.. Enumerable.Range(0, inputs.Count).Select(index => first + (2 * index))];
        while (!connection.IsOver && !streams.All(connection.Ended.Contains))
            connection.Read();

        Answer?[] answers = [.. streams.Select(stream => AnswerOf(connection, stream, inputs.Count == 1))];
        foreach (int stream in streams)
        {
            connection.Streams.Remove(stream);
            connection.Ended.Remove(stream);
            connection.AddedCredit.Remove(stream);
        }

        if (connection.IsOver || connection.Whole.GoAways.Count > 0 || _nextStream > 2 * StreamsPerConnection)
            Dispose();
        return answers;
    }

    public void Dispose()
    {
        _connection?.Dispose();
        _connection = null;
        _nextStream = 1;
    }

    private static Answer? AnswerOf(FrameConnection connection, int stream, bool isAlone)
    {
        bool hasEnded = connection.Ended.Contains(stream);
        if (!hasEnded && !isAlone)
            return null;
        Answer answer = connection.Streams.GetValueOrDefault(stream) ?? new Answer();
        if (hasEnded)
            return answer;
        answer.GoAways.AddRange(connection.Whole.GoAways);
        (answer.IsClosed, answer.IsHung, answer.Malformed) = (connection.Whole.IsClosed, connection.Whole.IsHung, connection.Whole.Malformed);
        return answer;
    }

    private FrameConnection Connect()
    {
        if (_connection is not null)
            return _connection;
        _connection = new FrameConnection(endPoint, patience);

        // This side never makes the server wait: the largest windows that there are.
        byte[] settings = [0, (byte)Http2Frame.InitialWindowSize, 0x7F, 0xFF, 0xFF, 0xFF];
        byte[] update = [0x7F, 0xFF, 0, 0];
        _connection.Send([
            .. Http2Frame.ClientPreface, .. FrameBytes.Frame(Http2Frame.Settings, 0, 0, settings),
            .. FrameBytes.Frame(Http2Frame.WindowUpdate, 0, 0, update)]);
        return _connection;
    }

    private static void SendFrames(FrameConnection connection, FuzzInput input, int stream, MemoryStream unsent)
    {
        long sent = 0;
        foreach (byte[] frame in FrameBytes.Split(input.Bytes, out _))
        {
            int payload = frame.Length - Http2Frame.HeaderBytes;
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
            if (frame[3] == Http2Frame.Data)
            {
                bool Waits() => !connection.IsOver && !connection.Ended.Contains(stream)
                    && (connection.ConnectionCredit < payload
                        || connection.StreamCredit + connection.AddedCredit.GetValueOrDefault(stream) - sent < payload);
                if (Waits())
                    Flush(connection, unsent);
                while (Waits())
                    connection.Read();
                if (connection.IsOver || connection.Ended.Contains(stream))
                    break; // answered before it was sent whole
                sent += payload;
                connection.Spend(payload);
            }

            unsent.Write(frame);
        }
    }

    private static void Flush(FrameConnection connection, MemoryStream unsent)
    {
        connection.Send(unsent.GetBuffer().AsSpan(0, (int)unsent.Length));
        unsent.SetLength(0);
    }
}
