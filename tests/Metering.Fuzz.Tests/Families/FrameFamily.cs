using System.Buffers.Binary;
using Metering.Load;

namespace Metering.Fuzz.Tests;

/// <summary>HTTP/2 frames on a connection of their own: wrong types, flags, lengths, streams and order, and HPACK that is none.</summary>
internal sealed class FrameFamily : IInputFamily
{
    private const int StepsMaximum = 4;
    private const int BytesMaximum = 60 * 1024; // stays within the windows that every server gives

    private static readonly int[] Streams = [0, 1, 2, 3, 5, 7, 99, int.MaxValue, int.MinValue, -1];

    public string Name => "frames";

    public int Percent => 15;

    public FuzzInput Make(Random random)
    {
        List<byte[]> frames = Conversation(random);
        for (int steps = random.Next(StepsMaximum + 1); steps > 0; steps--)
            Step(frames, random);
        byte[] bytes = [.. Http2Frame.ClientPreface, .. frames.SelectMany(frame => frame)];
        if (random.OneIn(6))
            bytes = ByteMutator.Mutate(bytes, random);
        return new FuzzInput(Carriage.Http2Connection, bytes.Length <= BytesMaximum ? bytes : bytes[..BytesMaximum]);
    }

    // What a client in order might say: settings, a few calls, and what keeps a connection alive.
    private static List<byte[]> Conversation(Random random)
    {
        List<byte[]> frames = [FrameBytes.Frame(Http2Frame.Settings, 0, 0, Settings(random))];
        int calls = random.Next(1, 4);
        for (int call = 0; call < calls; call++)
        {
            GrpcSeed seed = GrpcSeed.Any(random);
            foreach (byte[] frame in FrameBytes.Split(FrameBytes.Request(HeaderBlock.Write(seed.Headers()), GrpcSeed.Frame(seed.Message)), out _))
            {
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), 1 + (2 * call));
                frames.Add(frame);
            }

            if (random.OneIn(2))
                frames.Add(Control(random));
        }

        return frames;
    }

    private static byte[] Settings(Random random)
    {
        using var settings = new MemoryStream();
        for (int count = random.Next(5); count > 0; count--)
        {
            var setting = new byte[6];
            BinaryPrimitives.WriteUInt16BigEndian(setting, (ushort)random.Next(1, 7));
            BinaryPrimitives.WriteUInt32BigEndian(setting.AsSpan(2), random.Pick<uint>([0u, 1u, 100u, 4096u, 16384u, 65535u, int.MaxValue, 0x8000_0000u, uint.MaxValue]));
            settings.Write(setting);
        }

        return settings.ToArray();
    }

    private static byte[] Control(Random random)
    {
        int stream = random.Pick(Streams);
        return random.Next(9) switch
        {
            0 => FrameBytes.Frame(Http2Frame.Ping, (byte)random.Next(2), 0, random.Bytes(8)),
            1 => FrameBytes.Frame(Http2Frame.WindowUpdate, 0, stream, Number(random.Pick<uint>([0u, 1u, 65535u, int.MaxValue, uint.MaxValue]))),
            2 => FrameBytes.Frame(Http2Frame.ResetStream, 0, stream, Number(random.Pick([0u, 1u, 8u, 99u, uint.MaxValue]))),
            3 => FrameBytes.Frame(FrameBytes.Priority, 0, stream, [.. Number((uint)random.Pick(Streams)), (byte)random.Next(256)]),
            4 => FrameBytes.Frame(Http2Frame.GoAway, 0, 0, [.. Number((uint)stream), .. Number((uint)random.Next(14))]),
            5 => FrameBytes.Frame(Http2Frame.Continuation, (byte)random.Next(8), stream, random.Bytes(random.Next(20))),
            6 => FrameBytes.Frame(Http2Frame.Settings, (byte)random.Next(2), 0, Settings(random)),
            7 => FrameBytes.Frame(Http2Frame.PushPromise, 4, stream, random.Bytes(random.Next(20))),
            _ => FrameBytes.Frame((byte)random.Next(256), (byte)random.Next(256), stream, random.Bytes(random.Next(64))),
        };
    }

    private static void Step(List<byte[]> frames, Random random)
    {
        int at = random.Next(frames.Count);
        byte[] frame = [.. frames[at]];
        switch (random.Next(12))
        {
            case 0:
                frame[3] = (byte)random.Next(12);
                break;
            case 1:
                frame[4] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), random.Pick(Streams));
                break;
            case 3:
                int length = frame.Length - Http2Frame.HeaderBytes + random.Pick([-1, 1, 5, -9, 100, 16384, 1 << 20]);
                BinaryPrimitives.WriteUInt32BigEndian(frame, ((uint)Math.Clamp(length, 0, (1 << 24) - 1) << 8) | frame[3]);
                break;
            case 4:
                frames.Insert(at, frame);
                break;
            case 5 when frames.Count > 1:
                frames.RemoveAt(at);
                return;
            case 6:
                frames.Insert(random.Next(frames.Count), frame);
                break;
            case 7:
                frames.Insert(at, Control(random));
                return;
            case 8 when frame[3] == Http2Frame.Headers:
                Split(frames, at, frame, random);
                return;
            case 9 when frame[3] == Http2Frame.Headers:
                frame = Indexed(frame, random);
                break;
            case 10:
                frames.InsertRange(at, Enumerable.Repeat(Control(random), random.Next(1, 200)));
                return;
            default:
                byte[] payload = ByteMutator.Mutate(frame.AsSpan(Http2Frame.HeaderBytes), random);
                if (payload.Length > Http2Frame.PayloadBytes)
                    payload = payload[..Http2Frame.PayloadBytes];
                frame = FrameBytes.Frame(frame[3], frame[4], BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(5)), payload);
                break;
        }

        frames[at] = frame;
    }

    // HEADERS cut into CONTINUATION, with or without something in between.
    private static void Split(List<byte[]> frames, int at, byte[] frame, Random random)
    {
        int stream = BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(5));
        byte[] block = frame[Http2Frame.HeaderBytes..];
        int cut = random.Next(block.Length + 1);
        List<byte[]> parts = [FrameBytes.Frame(Http2Frame.Headers, (byte)(frame[4] & ~Http2Frame.EndHeaders), stream, block.AsSpan(0, cut))];
        if (random.OneIn(3))
            parts.Add(Control(random));
        parts.Add(FrameBytes.Frame(Http2Frame.Continuation, random.OneIn(4) ? (byte)0 : Http2Frame.EndHeaders, stream, block.AsSpan(cut)));
        frames.RemoveAt(at);
        frames.InsertRange(at, parts);
    }

    // HPACK that uses tables, sizes and Huffman codes, rightly or not.
    private static byte[] Indexed(byte[] frame, Random random)
    {
        byte[] block = frame[Http2Frame.HeaderBytes..];
        byte[] more = random.Next(6) switch
        {
            0 => [(byte)(0x80 | random.Next(128))],
            1 => [0x3F, 0xFF, 0xFF, 0xFF, 0xFF, (byte)random.Next(256)],
            2 => [(byte)(0x20 | random.Next(32))],
            3 => [0x40, 0x81, (byte)random.Next(256), 0x82, (byte)random.Next(256), (byte)random.Next(256)],
            4 => [(byte)(0x40 | random.Next(64)), 0x03, .. random.Bytes(3)],
            _ => [0x00, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F],
        };
        byte[] changed = random.OneIn(2) ? [.. more, .. block] : [.. block, .. more];
        return FrameBytes.Frame(frame[3], frame[4], BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(5)), changed);
    }

    private static byte[] Number(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
