using System.Net;
using System.Net.Sockets;

namespace Metering.Load;

/// <summary>One run: connects, lets every connection send by its schedule, shows progress, adds everything up.</summary>
/// <param name="options">What is sent.</param>
/// <param name="time">The clock.</param>
/// <param name="progressed">Told about every second how far it is, warming up included; null for nobody.</param>
internal sealed class LoadRun(LoadOptions options, TimeProvider time, Action<LoadProgress>? progressed = null)
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Time after the end during which overdue requests are still sent.</summary>
    private static readonly TimeSpan GraceTime = TimeSpan.FromSeconds(1);

    /// <summary>Time that the last answers have after the last request.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(10);

    /// <summary>Time without any answer after which a server that owes some is given up.</summary>
    private static readonly TimeSpan SilenceTime = TimeSpan.FromSeconds(30);

    private volatile bool _isStopped;

    /// <summary>Ends the run early: nothing more is sent, answers are still awaited.</summary>
    public void Stop() => _isStopped = true;

    /// <summary>Runs to the end and returns what happened.</summary>
    /// <exception cref="LoadException">Not one connection could be made, or a file cannot be written.</exception>
    public LoadSummary Execute()
    {
        using AcknowledgedFile? acknowledged = OpenAcknowledged();
        IPEndPoint address = Resolve();
        if (options.WarmSeconds == 0)
            return Send(options, address, acknowledged);

        // On connections of its own, so that nothing in flight is carried over; what it compiled stays. Uuids that can be sent again
        // are those of what is counted alone.
        LoadSummary warm = Send(options with { Seconds = options.WarmSeconds, Requests = null, Seed = null }, address, acknowledged);
        return Send(options, address, acknowledged).After(warm);
    }

    private LoadSummary Send(LoadOptions options, IPEndPoint address, AcknowledgedFile? acknowledged)
    {
        LoadConnection[] connections = [.. Enumerable.Range(0, options.Connections)
            .Select(number => new LoadConnection(options, number, address, acknowledged, time))];
        foreach (LoadConnection connection in connections)
            Open(connection);

        TimeSpan processorTimeBefore = Environment.CpuUsage.TotalTime;
        long start = time.GetTimestamp();
        long end = options.Seconds is { } seconds ? start + (long)(seconds * time.TimestampFrequency) : long.MaxValue;
        RequestSchedule[] schedules = [.. connections.Select((_, number) => MakeSchedule(options, start, end, number))];
        Thread[] threads = [.. connections.Select((connection, number) => Begin(connection, schedules[number], number))];
        Watch(connections, schedules, threads, acknowledged, start, end);

        var total = new LoadTally();
        foreach (LoadConnection connection in connections)
            total.Add(connection.Tally);
        return new LoadSummary
        {
            Options = options,
            Tally = total,
            Elapsed = time.GetElapsedTime(start, Math.Max(start + 1, total.LastAnswerTimestamp)),
            ProcessorTime = Environment.CpuUsage.TotalTime - processorTimeBefore,
        };
    }

    private RequestSchedule MakeSchedule(LoadOptions options, long start, long end, int number)
    {
        int connections = options.Connections;
        long requests = options.Requests is { } count ? (count / connections) + (number < count % connections ? 1 : 0) : long.MaxValue;
        double interval = options.RecordsPerSecond > 0
            ? time.TimestampFrequency * options.Records * connections / options.RecordsPerSecond
            : 0;
        return new RequestSchedule(start, end, ToUnits(GraceTime), requests, interval, (double)number / connections);
    }

    private static Thread Begin(LoadConnection connection, RequestSchedule schedule, int number)
    {
        var thread = new Thread(() => connection.Run(schedule)) { Name = $"connection {number}", IsBackground = true };
        thread.Start();
        return thread;
    }

    // Waits for every connection to end by itself; breaks them off when the server keeps them waiting for too long.
    private void Watch(
        LoadConnection[] connections, RequestSchedule[] schedules, Thread[] threads, AcknowledgedFile? acknowledged, long start, long end)
    {
        long abortAt = end == long.MaxValue ? long.MaxValue : end + ToUnits(GraceTime + DrainTime);
        var watch = new ProgressWatch(connections);
        long nextLine = start, answeredAt = start, answered = 0;
        foreach (Thread thread in threads)
        {
            while (!thread.Join(WatchInterval))
            {
                long now = time.GetTimestamp();
                if (_isStopped)
                {
                    Array.ForEach(schedules, schedule => schedule.Stop());
                    abortAt = Math.Min(abortAt, now + ToUnits(DrainTime));
                }

                long answeredNow = connections.Sum(connection => connection.Tally.Answered);
                if (answeredNow != answered || answeredNow >= connections.Sum(connection => connection.Tally.Sent))
                    (answered, answeredAt) = (answeredNow, now);
                if (now >= abortAt || time.GetElapsedTime(answeredAt, now) >= SilenceTime)
                    Array.ForEach(connections, connection => connection.Abort());
                if (time.GetElapsedTime(nextLine, now) < ProgressInterval)
                    continue;
                progressed?.Invoke(watch.Look(time.GetElapsedTime(start, now), time.GetElapsedTime(nextLine, now)));
                acknowledged?.Flush();
                nextLine = now;
            }
        }
    }

    private long ToUnits(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private AcknowledgedFile? OpenAcknowledged()
    {
        try
        {
            return options.AcknowledgedPath is { } path ? new AcknowledgedFile(path) : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new LoadException($"Cannot write --acknowledged {options.AcknowledgedPath}: {fault.Message}");
        }
    }

    private IPEndPoint Resolve()
    {
        int colon = options.Address.LastIndexOf(':');
        string host = options.Address[..colon].Trim('[', ']');
        int port = int.Parse(options.Address[(colon + 1)..]);
        try
        {
            IPAddress[] addresses = Dns.GetHostAddresses(host);
            IPAddress? version4 = addresses.FirstOrDefault(candidate => candidate.AddressFamily == AddressFamily.InterNetwork);
            return new IPEndPoint(version4 ?? addresses[0], port);
        }
        catch (SocketException fault)
        {
            throw new LoadException($"Cannot resolve '{host}': {fault.Message}. Check --address.");
        }
    }

    private void Open(LoadConnection connection)
    {
        try
        {
            connection.Open();
        }
        catch (Exception fault) when (fault is SocketException or IOException)
        {
            throw new LoadException(
                $"No gRPC at {options.Address} ({fault.Message.TrimEnd('.')}). "
                + "Is the server running, and is this its cleartext gRPC address?");
        }
    }
}
