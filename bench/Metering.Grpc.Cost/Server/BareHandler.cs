using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Metering.Grpc.Cost;

/// <summary>
/// A handler straight on Kestrel that reads a request's body to its end and answers with the headers, the message and the
/// trailers of a gRPC call, all prepared. It checks nothing.
/// </summary>
internal sealed class BareHandler(byte[] answer)
{
    private static readonly StringValues ContentType = "application/grpc";
    private static readonly StringValues AcceptedEncodings = "identity,gzip";
    private static readonly StringValues Ok = "0";

    public async Task ServeAsync(HttpContext context)
    {
        PipeReader body = context.Request.BodyReader;
        ReadResult read = await body.ReadAsync();
        while (!read.IsCompleted)
        {
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await body.ReadAsync();
        }

        body.AdvanceTo(read.Buffer.End);
        byte[] frame = context.Request.Path.Value == CostPaths.AnswerLater ? await Work.YieldAsync(answer) : answer;

        HttpResponse response = context.Response;
        response.Headers.ContentType = ContentType;
        response.Headers["grpc-accept-encoding"] = AcceptedEncodings;
        frame.CopyTo(response.BodyWriter.GetSpan(frame.Length));
        response.BodyWriter.Advance(frame.Length);
        context.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers.GrpcStatus = Ok;
    }
}
