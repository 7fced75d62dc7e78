using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;

namespace Metering.Grpc;

/// <summary>The value of <c>grpc-status-details-bin</c>: a google.rpc.Status, cut to what trailers may hold.</summary>
internal static class StatusDetails
{
    public const string TrailerName = "grpc-status-details-bin";

    /// <summary>Most bytes of details, before base64; fewer when the other trailers leave less (see StatusWriter).</summary>
    public const int BytesMaximum = RpcLimits.StatusDetailBytes;

    private const int MessageCharactersMaximum = RpcLimits.StatusDetailMessageCharacters;

    private const string TypePrefix = "type.googleapis.com";

    /// <summary>
    /// The details, base64, at most <paramref name="maximumCharacters"/> long; null when there are none. Field violations, then
    /// whole details, give way when there are too many.
    /// </summary>
    public static string? Encode(RpcStatus status, int maximumCharacters)
    {
        int maximumBytes = Math.Min(BytesMaximum, maximumCharacters / 4 * 3);
        if (status.Details is not { Count: > 0 } details)
            return null;
        List<IMessage> kept = [.. details];
        Status message = Pack(status, kept);
        while (message.CalculateSize() > maximumBytes)
        {
            if (!HalveViolations(kept))
                kept.RemoveAt(kept.Count - 1);
            if (kept.Count == 0)
                return null;
            message = Pack(status, kept);
        }

        return Metadata.EncodeBinary(message.ToByteArray());
    }

    private static string Shorten(string message)
    {
        if (message.Length <= MessageCharactersMaximum)
            return message;
        int end = char.IsHighSurrogate(message[MessageCharactersMaximum - 2]) ? MessageCharactersMaximum - 2 : MessageCharactersMaximum - 1;
        return $"{message.AsSpan(0, end)}…";
    }

    private static Status Pack(RpcStatus status, List<IMessage> details)
    {
        var message = new Status { Code = (int)status.Code, Message = Shorten(status.Message) };
        message.Details.AddRange(details.Select(detail => Any.Pack(detail, TypePrefix)));
        return message;
    }

    private static bool HalveViolations(List<IMessage> details)
    {
        int index = details.FindIndex(detail => detail is BadRequest { FieldViolations.Count: > 1 });
        if (index < 0)
            return false;
        BadRequest whole = (BadRequest)details[index];
        var half = new BadRequest();
        half.FieldViolations.AddRange(whole.FieldViolations.Take(whole.FieldViolations.Count / 2));
        details[index] = half;
        return true;
    }
}
