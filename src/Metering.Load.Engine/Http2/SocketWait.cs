using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Metering.Load;

/// <summary>
/// Waits for a socket with a deadline finer than a millisecond: <see cref="Socket.Poll(int, SelectMode)"/> rounds down
/// to whole ones and would make a paced load spin.
/// </summary>
internal static partial class SocketWait
{
    private const short Readable = 1;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Returns when the socket can be read (true) or after <paramref name="nanoseconds"/> (false).</summary>
    public static bool UntilReadable(Socket socket, long nanoseconds)
    {
        if (!OperatingSystem.IsLinux())
            return socket.Poll(TimeSpan.FromMilliseconds(Math.Max(1, nanoseconds / 1_000_000)), SelectMode.SelectRead);

        var descriptor = new PollDescriptor { Descriptor = (int)socket.Handle, Events = Readable };
        var timeout = new TimeSpecification
        {
            Seconds = (nint)(nanoseconds / NanosecondsPerSecond),
            Nanoseconds = (nint)(nanoseconds % NanosecondsPerSecond),
        };
        // Interrupted (-1) counts as not readable: the caller comes back.
        return PollPrecisely(ref descriptor, 1, timeout, 0) > 0;
    }

    [LibraryImport("libc", EntryPoint = "ppoll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int PollPrecisely(ref PollDescriptor descriptors, nuint count, in TimeSpecification timeout, nint signalMask);

    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short ReturnedEvents;
    }

    private struct TimeSpecification
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
