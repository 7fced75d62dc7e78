using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Server;

/// <summary>Looks every second whether certificates changed: a new one is shown to connections that come afterwards.</summary>
internal sealed partial class TlsWatch(ServerTls tls, TimeProvider time, ILogger<TlsWatch> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (FileNotice notice in tls.Check())
            {
                if (notice.IsFault)
                    Refused(notice.Sentence);
                else
                    Replaced(notice.Sentence);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "{sentence}")]
    private partial void Replaced(string sentence);

    [LoggerMessage(LogLevel.Error, "{sentence}")]
    private partial void Refused(string sentence);
}
