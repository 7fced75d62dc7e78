namespace Metering.Grpc;

/// <summary>The content types of gRPC over HTTP/2 with protobuf.</summary>
internal static class GrpcContentType
{
    public const string Plain = "application/grpc";

    private const string Protobuf = "application/grpc+proto";

    /// <summary>Whether a request claims to be gRPC of any kind, served here or not.</summary>
    public static bool IsGrpc(string? contentType) =>
        contentType is not null && contentType.StartsWith(Plain, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether it is the kind that is served here; parameters after ';' are ignored.</summary>
    public static bool IsAccepted(string? contentType)
    {
        if (string.Equals(contentType, Plain, StringComparison.Ordinal))
            return true;
        ReadOnlySpan<char> type = contentType;
        int parameters = type.IndexOf(';');
        if (parameters >= 0)
            type = type[..parameters].TrimEnd();
        return type.Equals(Plain, StringComparison.OrdinalIgnoreCase) || type.Equals(Protobuf, StringComparison.OrdinalIgnoreCase);
    }
}
