using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Metering.Fuzz.Tests;

/// <summary>Sends inputs over HTTP/1.1: requests one after the other on one connection, damaged connections each by itself.</summary>
internal sealed class Http1Exchange(IPEndPoint endPoint, TimeSpan patience) : IDisposable
{
    private Socket? _socket;

    public Answer Send(FuzzInput input)
    {
        bool isDamaged = input.Carriage == Carriage.Http1Connection;
        bool isFresh = _socket is null || isDamaged;
        if (isFresh)
            Dispose();
        Answer answer = Exchange(input, isDamaged);

        // A connection that the server closed behind the answer before: what was sent on it was never heard.
        if (!isFresh && answer is { IsClosed: true, HttpStatuses.Count: 0 })
            answer = Exchange(input, isDamaged);
        if (isDamaged)
            Dispose();
        return answer;
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private Answer Exchange(FuzzInput input, bool isDamaged)
    {
        _socket ??= Connect();
        var answer = new Answer();
        try
        {
            ReadOnlySpan<byte> unsent = input.Bytes;
            while (!unsent.IsEmpty)
                unsent = unsent[_socket.Send(unsent)..];
            if (isDamaged)
                _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // Closed, or not read; what it said before can still be read.
        }

        ReadAnswers(answer, isDamaged, IsHead(input.Bytes));
        if (answer.IsClosed || answer.IsHung || answer.Malformed is not null)
            Dispose();
        return answer;
    }

    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            LingerState = new LingerOption(enable: true, 0), // no port is kept waiting
            SendTimeout = (int)patience.TotalMilliseconds,
        };
        socket.Connect(endPoint);
        return socket;
    }

    // One answer, and the close if it announces one; of a damaged connection, all answers up to the close.
    private void ReadAnswers(Answer answer, bool untilClosed, bool isHead)
    {
        var waited = Stopwatch.StartNew();
        var received = new byte[16 * 1024];
        int filled = 0;
        while (true)
        {
            while (TryTake(received.AsSpan(0, filled), answer, isHead, out int taken, out bool closes))
            {
                received.AsSpan(taken, filled - taken).CopyTo(received);
                filled -= taken;
                answer.IsWhole = true;
                if (answer.Malformed is not null || (!untilClosed && !closes && answer.HttpStatuses[^1] >= 200))
                    return;
                untilClosed |= closes;
            }

            if (filled == received.Length)
                Array.Resize(ref received, received.Length * 2);
            TimeSpan left = patience - waited.Elapsed;
            if (left <= TimeSpan.Zero || !_socket!.Poll(left, SelectMode.SelectRead))
            {
                answer.IsHung = true;
                return;
            }

            int count;
            try
            {
                count = _socket.Receive(received.AsSpan(filled));
            }
            catch (SocketException)
            {
                count = 0; // reset: closed as well
            }

            filled += count;
            answer.IsClosed = count == 0;
            if (answer.IsClosed)
                return;
        }
    }

    private static bool TryTake(ReadOnlySpan<byte> received, Answer answer, bool isHead, out int taken, out bool closes)
    {
        taken = 0;
        closes = false;
        int end = received.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return false;
        string[] lines = Encoding.Latin1.GetString(received[..end]).Split("\r\n");
        string[] status = lines[0].Split(' ', 3);
        if (status.Length < 2 || !status[0].StartsWith("HTTP/1.") || !int.TryParse(status[1], CultureInfo.InvariantCulture, out int code))
        {
            answer.Malformed = $"not an HTTP/1.1 status line: {lines[0]}";
            return true;
        }

        ReadOnlySpan<byte> body = received[(end + 4)..];
        string Header(string name) => lines.FirstOrDefault(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..] ?? "";
        closes = Header("connection") == "close";
        int length;
        if (isHead || code is < 200 or 204 or 304)
            length = 0;
        else if (Header("transfer-encoding") == "chunked")
            length = body.IndexOf("0\r\n\r\n"u8) is >= 0 and var last ? last + 5 : int.MaxValue;
        else
            length = int.TryParse(Header("content-length"), CultureInfo.InvariantCulture, out int announced) ? announced : 0;
        if (length > body.Length)
            return false;
        taken = end + 4 + length;
        answer.HttpStatuses.Add(code);
        answer.Bodies.Add(body[..length].ToArray());
        return true;
    }

    private static bool IsHead(ReadOnlySpan<byte> request) => request.StartsWith("HEAD "u8);
}
