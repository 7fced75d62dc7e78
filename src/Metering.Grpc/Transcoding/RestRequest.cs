using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Metering.Grpc;

/// <summary>The request message of a REST call: body, then query, then path; the later ones win.</summary>
internal static class RestRequest
{
    /// <summary>Null and the message, or the refusal.</summary>
    public static async ValueTask<(RpcStatus? Refusal, IMessage Message)> ReadAsync(
        RpcCall call, RestRoute route, IReadOnlyList<string> pathValues)
    {
        HttpRequest request = call.HttpContext.Request;
        IMessage message = route.Method.Descriptor.InputType.NewMessage();
        RpcStatus? refusal = await ReadBodyAsync(call, route, message);
        refusal ??= FillFromQuery(request, route, message);
        for (int index = 0; index < route.Variables.Count && refusal is null; index++)
            refusal = Refusal(route.Variables[index].Fill(message, pathValues[index]));
        if (refusal is null && message.CalculateSize() > route.Method.MaximumMessageBytes)
            refusal = Statuses.MessageTooLarge(route.Method.MaximumMessageBytes);
        return (refusal, message);
    }

    private static async ValueTask<RpcStatus?> ReadBodyAsync(RpcCall call, RestRoute route, IMessage message)
    {
        if (!route.HasBody)
            return null;
        HttpRequest request = call.HttpContext.Request;
        int maximumBytes = route.Method.MaximumMessageBytes;
        if (request.ContentLength > maximumBytes)
            return Statuses.BodyTooLarge(maximumBytes);
        PipeReader body = request.BodyReader;
        while (true)
        {
            if (await TryReadAsync(body, call.TransportToken) is not { } read)
                return Statuses.MalformedBody;
            try
            {
                if (read.Buffer.Length > maximumBytes)
                    return Statuses.BodyTooLarge(maximumBytes);
                if (!call.TryHold(read.Buffer.Length))
                    return Statuses.MemoryFull;
                if (read.IsCompleted)
                    return read.Buffer.IsEmpty ? null : Refusal(JsonMessageReader.Merge(read.Buffer, message, route.BodyField));
            }
            finally
            {
                body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
    }

    // Null when the body is not sent as HTTP asks. Of trailers after chunks, Kestrel says so with an InvalidOperationException.
    private static async ValueTask<ReadResult?> TryReadAsync(PipeReader body, CancellationToken cancellationToken)
    {
        try
        {
            return await body.ReadAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is InvalidOperationException or BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest })
        {
            return null;
        }
    }

    // Parameters that name no field are ignored, as unknown fields of a body are.
    private static RpcStatus? FillFromQuery(HttpRequest request, RestRoute route, IMessage message)
    {
        if (route.IsWholeBody)
            return null;
        foreach ((string name, var values) in request.Query)
        {
            if (FieldPath.Find(message.Descriptor, name) is not { } field)
                continue;
            foreach (string? value in values)
            {
                if (Refusal(field.Fill(message, value ?? "")) is { } refusal)
                    return refusal;
            }
        }

        return null;
    }

    private static RpcStatus? Refusal(string? fault) => fault is null ? null : new(RpcCode.InvalidArgument, fault);
}
