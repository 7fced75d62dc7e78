using Metering.Client;

namespace Metering.Cli;

/// <summary>One line of progress at the foot of a terminal, redrawn a few times a second; nothing at all in a pipe.</summary>
/// <param name="terminal">Where to show it.</param>
/// <param name="isShown">False when other output would run into it.</param>
/// <param name="part">How much of the input was read, 0 to 1; null when nobody knows.</param>
internal sealed class ProgressLine(Terminal terminal, bool isShown, Func<double?> part)
{
    private const int BarCharacters = 24;
    private static readonly TimeSpan RedrawTime = TimeSpan.FromMilliseconds(100);

    private readonly bool _isShown = isShown && terminal.ErrorIsTerminal;
    private readonly long _started = terminal.Time.GetTimestamp();
    private long _drawn;
    private bool _isDrawn;

    /// <summary>Shows how far it came, unless it was just shown.</summary>
    public void Show(WriteProgress counts)
    {
        if (!_isShown || (_isDrawn && terminal.Time.GetElapsedTime(_drawn) < RedrawTime))
            return;
        _drawn = terminal.Time.GetTimestamp();
        _isDrawn = true;
        double seconds = Math.Max(0.001, terminal.Time.GetElapsedTime(_started).TotalSeconds);
        string bar = string.Empty;
        if (part() is { } fraction)
        {
            int filled = (int)(Math.Clamp(fraction, 0, 1) * BarCharacters);
            bar = $"{new string('█', filled)}{new string('░', BarCharacters - filled)} {fraction,4:P0}  ";
        }

        terminal.Error.Write(
            $"\r{bar}{Figures.Count(counts.Total, "record")}, {Figures.Group(counts.Rejected)} rejected, "
            + $"{Figures.Group((long)(counts.Total / seconds))}/s\e[K");
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        if (_isDrawn)
            terminal.Error.Write("\r\e[K");
    }
}
