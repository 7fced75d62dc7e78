namespace Metering.Cli;

/// <summary>What <c>metering bench</c> measured.</summary>
/// <param name="Seconds">Length of each measurement.</param>
/// <param name="Processors">Processors that server and load shared.</param>
/// <param name="FullPerSecond">Records accepted a second, with as many in each request as are allowed.</param>
/// <param name="SinglePerSecond">The same, with one in each request.</param>
/// <param name="AtHalf">Latency of a full request at half of the first rate, from the intended moment of sending.</param>
/// <param name="SyncMilliseconds">Middle time of 4 KiB written and fdatasynced on that disk.</param>
/// <param name="BytesPerRecord">Bytes of the data directory for each record in it.</param>
/// <param name="Records">Records that were accepted in all.</param>
internal sealed record BenchFigures(
    double Seconds, int Processors, double FullPerSecond, double SinglePerSecond, BenchLatency AtHalf, double SyncMilliseconds, double BytesPerRecord, long Records);

/// <summary>Percentiles of a latency.</summary>
/// <param name="RecordsPerSecond">The rate that was asked for.</param>
/// <param name="P50Milliseconds">Half of the requests took at most this.</param>
/// <param name="P99Milliseconds">All but one in a hundred took at most this.</param>
/// <param name="P999Milliseconds">All but one in a thousand took at most this.</param>
/// <param name="Missed">Requests that were due and could not be sent, because the server was slower.</param>
internal sealed record BenchLatency(
    double RecordsPerSecond, double P50Milliseconds, double P99Milliseconds, double P999Milliseconds, long Missed);
