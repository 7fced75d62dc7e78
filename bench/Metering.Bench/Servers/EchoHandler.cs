using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Bench;

/// <summary>Decodes a Write with the general decoder into the general objects, and answers that every record is accepted. It checks nothing.</summary>
internal static class EchoHandler
{
    private const int PrefixBytes = 5;

    private static readonly StringValues ContentType = "application/grpc";
    private static readonly StringValues Ok = "0";

    public static async Task ServeAsync(HttpContext context)
    {
        PipeReader body = context.Request.BodyReader;
        ReadResult read = await body.ReadAsync();
        while (!read.IsCompleted)
        {
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await body.ReadAsync();
        }

        WriteUsageResponse answer = Answer(read.Buffer.Slice(PrefixBytes));
        body.AdvanceTo(read.Buffer.End);

        HttpResponse response = context.Response;
        response.Headers.ContentType = ContentType;
        int bytes = answer.CalculateSize();
        Span<byte> target = response.BodyWriter.GetSpan(PrefixBytes + bytes)[..(PrefixBytes + bytes)];
        target[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(target[1..], bytes);
        answer.WriteTo(target[PrefixBytes..]);
        response.BodyWriter.Advance(target.Length);
        context.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers.GrpcStatus = Ok;
    }

    private static WriteUsageResponse Answer(in ReadOnlySequence<byte> message)
    {
        WriteUsageRequest request = WriteUsageRequest.Parser.ParseFrom(message);
        var answer = new WriteUsageResponse();
        foreach (UsageRecord record in request.UsageRecords)
            answer.Accepted.Add(new AcceptedUsageRecord { Uuid = record.Uuid });
        return answer;
    }
}
