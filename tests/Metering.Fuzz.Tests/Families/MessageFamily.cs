using System.IO.Compression;
using Metering.Ledger;
using Metering.Server.Tests;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Fuzz.Tests;

/// <summary>gRPC message bytes: prefix, protobuf, gzip, of Writes and of the other methods.</summary>
internal sealed class MessageFamily : IInputFamily
{
    private const int BombBytes = 600 * 1024; // beyond every limit but the catalog's

    public string Name => "messages";

    public int Percent => 25;

    public FuzzInput Make(Random random)
    {
        GrpcSeed seed = GrpcSeed.Any(random);
        byte[] message = random.Next(8) switch
        {
            0 => ByteMutator.Mutate(seed.Message, random, GrpcSeed.Any(random).Message),
            1 => seed.Message,
            _ => ProtobufMutator.Mutate(seed.Message, random),
        };
        List<(string, string)> headers = seed.Headers();
        bool isCompressed = random.OneIn(4);
        byte[] body = isCompressed ? Compress(message, headers, random) : Envelop(message, random);
        return new FuzzInput(Carriage.Http2Stream, FrameBytes.Request(HeaderBlock.Write(headers), body))
        {
            Counting = seed.IsWrite ? CountingOf(message) : Counting.None,
            RecordsMaximum = isCompressed ? Limits.RecordsPerWrite : body.Length / Limits.UuidCharacters,
            Fault = ParserAgreement.Fault(message, out _), // whatever the message was meant to be
        };
    }

    private static byte[] Envelop(byte[] message, Random random) => random.Next(10) switch
    {
        0 => GrpcSeed.Frame(message, (byte)random.Next(256)),
        1 => GrpcSeed.Frame(message, 0, random.Pick([-1L, 1L, -5L, 0x7FFF_FFFFL, 0xFFFF_FFFFL - message.Length, 65536L])),
        2 => ByteMutator.Mutate(GrpcSeed.Frame(message), random),
        3 => [.. GrpcSeed.Frame(message), .. GrpcSeed.Frame(message)],
        4 => [.. GrpcSeed.Frame(message), .. random.Bytes(random.Next(8))],
        _ => GrpcSeed.Frame(message),
    };

    private static byte[] Compress(byte[] message, List<(string, string)> headers, Random random)
    {
        if (!random.OneIn(8))
            headers.Add(("grpc-encoding", "gzip"));
        byte[] packed = Gzip(random.OneIn(16) ? new byte[BombBytes] : message);
        packed = random.Next(4) switch
        {
            0 => ByteMutator.Mutate(packed, random),
            1 => random.OneIn(2) ? [.. packed, .. packed] : [.. packed, .. random.Bytes(random.Next(20))],
            _ => packed,
        };
        return GrpcSeed.Frame(packed, 1, random.OneIn(16) ? random.Next(-4, 5) : 0);
    }

    private static byte[] Gzip(byte[] message)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(message);
        return packed.ToArray();
    }

    private static Counting CountingOf(byte[] message)
    {
        try
        {
            return WriteUsageRequest.Parser.ParseFrom(message).DryRun ? Counting.Rehearses : Counting.Counts;
        }
        catch (Google.Protobuf.InvalidProtocolBufferException)
        {
            return Counting.Unknown; // unless another damage made it whole again, nothing is accepted
        }
    }
}
