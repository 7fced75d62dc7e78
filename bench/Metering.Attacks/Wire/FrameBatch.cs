using System.Buffers;
using System.Buffers.Binary;
using Metering.Load;

namespace Metering.Attacks;

/// <summary>Frames put together, to be sent in one call; nothing is checked, since breaking rules is the purpose.</summary>
internal sealed class FrameBatch
{
    private readonly ArrayBufferWriter<byte> _bytes = new(64 * 1024);

    public ReadOnlyMemory<byte> Bytes => _bytes.WrittenMemory;

    public FrameBatch Clear()
    {
        _bytes.ResetWrittenCount();
        return this;
    }

    public FrameBatch Add(byte type, byte flags, int streamId, ReadOnlySpan<byte> payload)
    {
        Span<byte> target = _bytes.GetSpan(Http2Frame.HeaderBytes + payload.Length);
        Http2Frame.WriteHeader(target, payload.Length, type, flags, streamId);
        payload.CopyTo(target[Http2Frame.HeaderBytes..]);
        _bytes.Advance(Http2Frame.HeaderBytes + payload.Length);
        return this;
    }

    /// <summary>A whole header section in one HEADERS frame.</summary>
    public FrameBatch Headers(int streamId, ReadOnlySpan<byte> block, bool endsStream = false) =>
        Add(Http2Frame.Headers, (byte)(Http2Frame.EndHeaders | (endsStream ? Http2Frame.EndStream : 0)), streamId, block);

    public FrameBatch Data(int streamId, ReadOnlySpan<byte> payload, bool endsStream = false) =>
        Add(Http2Frame.Data, endsStream ? Http2Frame.EndStream : (byte)0, streamId, payload);

    /// <summary>RST_STREAM with CANCEL.</summary>
    public FrameBatch Reset(int streamId) => Add(Http2Frame.ResetStream, 0, streamId, [0, 0, 0, 8]);

    /// <summary>The client's first words: its preface and its SETTINGS.</summary>
    public FrameBatch Preface(params ReadOnlySpan<(ushort Setting, uint Value)> settings)
    {
        _bytes.Write(Http2Frame.ClientPreface);
        return Settings(settings);
    }

    public FrameBatch Settings(params ReadOnlySpan<(ushort Setting, uint Value)> settings)
    {
        Span<byte> payload = stackalloc byte[6 * settings.Length];
        for (int index = 0; index < settings.Length; index++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload[(6 * index)..], settings[index].Setting);
            BinaryPrimitives.WriteUInt32BigEndian(payload[((6 * index) + 2)..], settings[index].Value);
        }

        return Add(Http2Frame.Settings, 0, 0, payload);
    }

    /// <summary>Payload of a WINDOW_UPDATE.</summary>
    public FrameBatch WindowUpdate(int streamId, int bytes)
    {
        Span<byte> payload = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, bytes);
        return Add(Http2Frame.WindowUpdate, 0, streamId, payload);
    }
}
