using Metering.Grpc.Tests.Protos;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Metering.Grpc.Tests;

/// <summary>What counts as a client's doing, and what as the server's fault.</summary>
public class FaultTests
{
    // Reading learns of a broken connection before the request's own token does.
    public static TheoryData<Exception> BrokenConnections =>
    [
        new IOException("The request stream was aborted.", new ConnectionAbortedException("The HTTP/2 connection faulted.")),
        new ConnectionAbortedException(), new ConnectionResetException("reset"),
        new IOException("The client reset the request stream.") { Source = "Microsoft.AspNetCore.Server.Kestrel.Core" },
    ];

    [Theory]
    [MemberData(nameof(BrokenConnections))]
    public void A_broken_connection_is_the_clients_and_not_logged(Exception exception)
    {
        (RpcStatus status, IReadOnlyCollection<string> faults) = Judge(exception);

        Assert.Equal(RpcCode.Cancelled, status.Code);
        Assert.Empty(faults);
    }

    [Fact]
    public void Any_other_failure_to_read_is_a_fault_and_logged()
    {
        (RpcStatus status, IReadOnlyCollection<string> faults) = Judge(new IOException("the disk failed"));

        Assert.Equal(RpcCode.Internal, status.Code);
        Assert.Single(faults);
    }

    private static (RpcStatus Status, IReadOnlyCollection<string> Faults) Judge(Exception exception)
    {
        var log = new LogLines();
        ILogger logger = log.CreateLogger("test");
        RpcMethod method = new ProbeService().Service.Methods.First();
        var runtime = new RpcRuntime(TimeProvider.System, logger, Budget: null, CancellationToken.None);
        var call = new RpcCall(new DefaultHttpContext(), method, runtime, null, MessageEncoding.Identity);
        RpcStatus status = Faults.ToStatus(exception, call, logger);
        return (status, [.. log.Faults.Select(line => line.Text)]);
    }
}
