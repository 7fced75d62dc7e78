using Microsoft.AspNetCore.Http;

namespace Metering.Grpc;

/// <summary>
/// What all calls of a server may hold together. The host keeps count and decides; without one, nothing is bounded beside
/// the limits of each call. Thread-safe; whatever was taken is given back exactly once, when the call ends.
/// </summary>
public interface ICallBudget
{
    /// <summary>Whether there is room for one more call that streams.</summary>
    bool TryOpenStream(HttpContext context);

    /// <summary>A call that streams has ended.</summary>
    void CloseStream(HttpContext context);

    /// <summary>Whether there is room for so many more bytes of request messages. Asked only beyond <see cref="RpcLimits.UnchargedBytes"/>.</summary>
    bool TryTake(HttpContext context, long bytes);

    /// <summary>So many bytes are free again.</summary>
    void Return(HttpContext context, long bytes);
}
