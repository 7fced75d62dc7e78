using System.Globalization;
using System.Net.Sockets;
using System.Text;

#pragma warning disable MA0047, CA1050 // the runtime finds it by this name, without a namespace
/// <summary>
/// Runs inside the server's process before its own code (DOTNET_STARTUP_HOOKS): tells everybody who connects to a Unix socket how
/// many bytes the process has allocated on its managed heap. Between two questions it only waits. Nothing but the base library is there to be used.
/// </summary>
internal static class StartupHook
{
    /// <summary>The environment variable with the path of the socket.</summary>
    public const string SocketVariable = "METERING_BENCH_ALLOCATION_SOCKET";

    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(SocketVariable) is not { } path)
            return;
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        new Thread(() => Answer(listener)) { IsBackground = true, Name = "allocation probe" }.Start();
    }

    private static void Answer(Socket listener)
    {
        while (true)
        {
            using Socket asking = listener.Accept();
            asking.Send(Encoding.ASCII.GetBytes(GC.GetTotalAllocatedBytes(precise: true).ToString(CultureInfo.InvariantCulture)));
        }
    }
}
