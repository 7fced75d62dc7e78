namespace Metering.Fuzz.Tests;

/// <summary>What a server did with one input, as a client sees it.</summary>
internal sealed record Answer
{
    /// <summary>HTTP statuses, in the order received; more than one when the bytes held several requests.</summary>
    public List<int> HttpStatuses { get; } = [];

    /// <summary>gRPC statuses with their messages.</summary>
    public List<(int Code, string Message)> GrpcStatuses { get; } = [];

    /// <summary>Bodies in the order received; of gRPC, the frames.</summary>
    public List<byte[]> Bodies { get; } = [];

    /// <summary>HTTP/2 error codes of RST_STREAM.</summary>
    public List<uint> Resets { get; } = [];

    /// <summary>HTTP/2 error codes of GOAWAY.</summary>
    public List<uint> GoAways { get; } = [];

    /// <summary>The server closed the connection.</summary>
    public bool IsClosed { get; set; }

    /// <summary>Neither an answer nor an end came in time.</summary>
    public bool IsHung { get; set; }

    /// <summary>What the server sent that is not HTTP; null when all was.</summary>
    public string? Malformed { get; set; }

    /// <summary>Whether the whole answer arrived: what it says about records is then all that there is to say.</summary>
    public bool IsWhole { get; set; }

    public override string ToString()
    {
        List<string> parts = [];
        if (HttpStatuses.Count > 0)
            parts.Add($"HTTP {string.Join(' ', HttpStatuses)}");
        parts.AddRange(GrpcStatuses.Select(status => $"grpc-status {status.Code} \"{status.Message}\""));
        if (Resets.Count > 0)
            parts.Add($"RST_STREAM {string.Join(' ', Resets)}");
        if (GoAways.Count > 0)
            parts.Add($"GOAWAY {string.Join(' ', GoAways)}");
        if (IsClosed)
            parts.Add("closed");
        if (IsHung)
            parts.Add("no answer in time");
        if (Malformed is not null)
            parts.Add(Malformed);
        return string.Join(", ", parts);
    }
}
