using Metering.Server;

namespace Metering.Cli;

/// <summary>
/// Shows how far <c>metering migrate</c> is: a line that is written over for a person at a terminal, elsewhere a line now and
/// then. Not thread-safe: one step of the migration comes after the other.
/// </summary>
/// <param name="terminal">Where it is shown.</param>
internal sealed class MigrationProgress(Terminal terminal) : IProgress<MoveProgress>
{
    private const int BarCharacters = 24;
    private static readonly TimeSpan RedrawTime = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LineTime = TimeSpan.FromSeconds(10);

    private MovePhase? _phase;
    private long _phaseStarted;
    private long _phaseRecords;
    private long _shown;
    private bool _isDrawn;

    /// <inheritdoc/>
    public void Report(MoveProgress value)
    {
        if (value.Phase != _phase)
        {
            (_phase, _phaseStarted, _phaseRecords) = (value.Phase, terminal.Time.GetTimestamp(), value.Records);
            Show(value);
        }
        else if (terminal.Time.GetElapsedTime(_shown) >= (terminal.ErrorIsTerminal ? RedrawTime : LineTime) || value.Records == value.Total)
        {
            Show(value);
        }
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        if (_isDrawn)
            terminal.Error.Write("\r\e[K");
        _isDrawn = false;
    }

    private void Show(MoveProgress value)
    {
        _shown = terminal.Time.GetTimestamp();
        string text = Describe(value);
        if (!terminal.ErrorIsTerminal)
        {
            terminal.Error.WriteLine(text);
            return;
        }

        _isDrawn = true;
        double part = value.Total == 0 ? 1 : (double)value.Records / value.Total;
        int filled = (int)(Math.Clamp(part, 0, 1) * BarCharacters);
        terminal.Error.Write($"\r{new string('█', filled)}{new string('░', BarCharacters - filled)} {part,4:P0}  {text}\e[K");
    }

    private string Describe(MoveProgress value)
    {
        string what = value.Phase switch
        {
            MovePhase.Moving => "Moving",
            MovePhase.Furnishing => "Moving totals, rejections, catalog and credentials",
            MovePhase.Comparing => "Comparing",
            _ => "Comparing totals, and totals with records",
        };
        if (value.Phase is MovePhase.Furnishing or MovePhase.Proving)
            return what;
        string text = $"{what}: {Figures.Group(value.Records)} of {Figures.Count(value.Total, "record")}";
        double seconds = terminal.Time.GetElapsedTime(_phaseStarted).TotalSeconds;
        double perSecond = seconds > 0 ? (value.Records - _phaseRecords) / seconds : 0;
        if (perSecond < 1)
            return text;
        TimeSpan left = TimeSpan.FromSeconds(Math.Ceiling((value.Total - value.Records) / perSecond));
        return $"{text}, {Figures.Group((long)perSecond)}/s" + (value.Records < value.Total ? $", about {Describe(left)} left" : "");
    }

    private static string Describe(TimeSpan time) => time.TotalHours >= 1 ? $"{(int)time.TotalHours} h {time.Minutes} min"
        : time.TotalMinutes >= 1 ? $"{time.Minutes} min {time.Seconds} s"
        : $"{time.Seconds} s";
}
