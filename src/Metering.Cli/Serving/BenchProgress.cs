using Metering.Load;

namespace Metering.Cli;

/// <summary>
/// Shows how far <c>metering bench</c> is: a line that is written over while it runs for a person at a terminal, a line for each
/// measurement that is done elsewhere.
/// </summary>
/// <param name="terminal">Where it is shown.</param>
/// <param name="totalSeconds">How long everything takes, about.</param>
internal sealed class BenchProgress(Terminal terminal, double totalSeconds)
{
    private const int BarCharacters = 24;

    private readonly long _started = terminal.Time.GetTimestamp();
    private string _what = "";

    /// <summary>A measurement begins.</summary>
    public void Begin(string what)
    {
        _what = what;
        Draw("");
    }

    /// <summary>It goes on; told about every second.</summary>
    public void Show(LoadProgress progress) => Draw(
        $": {Figures.Group((long)(progress.AcceptedPerSecond + progress.RejectedPerSecond))} records/s");

    /// <summary>It is done.</summary>
    public void End(string outcome)
    {
        if (terminal.ErrorIsTerminal)
            Clear();
        else
            terminal.WriteNote($"{_what}: {outcome}");
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        if (terminal.ErrorIsTerminal)
            terminal.Error.Write("\r\e[K");
    }

    private void Draw(string figure)
    {
        if (!terminal.ErrorIsTerminal)
            return;
        double seconds = terminal.Time.GetElapsedTime(_started).TotalSeconds;
        int filled = (int)(Math.Clamp(seconds / totalSeconds, 0, 1) * BarCharacters);
        terminal.Error.Write(
            $"\r{new string('█', filled)}{new string('░', BarCharacters - filled)} {_what}{figure}, "
            + $"about {Math.Max(1, Math.Ceiling(totalSeconds - seconds)):N0} s left\e[K");
    }
}
