namespace Metering.Cli;

/// <summary>How far an export is: a line that is written over for a person at a terminal, elsewhere one now and then.</summary>
internal sealed class ExportProgress(Terminal terminal, long recordsBefore)
{
    private const double BytesPerMebibyte = 1024 * 1024;
    private static readonly TimeSpan RedrawTime = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LineTime = TimeSpan.FromSeconds(10);

    private readonly long _started = terminal.Time.GetTimestamp();
    private long _shown = terminal.Time.GetTimestamp();

    /// <summary>Shows how far it came, unless it was just shown.</summary>
    public void Show(long records, long bytes)
    {
        if (terminal.Time.GetElapsedTime(_shown) < (terminal.ErrorIsTerminal ? RedrawTime : LineTime))
            return;
        _shown = terminal.Time.GetTimestamp();
        string text = Text(records, bytes);
        if (terminal.ErrorIsTerminal)
            terminal.Error.Write($"\r{text}\e[K");
        else
            terminal.Error.WriteLine(text);
    }

    /// <summary>Says how it ended, in place of the line.</summary>
    public void Finish(long records, long bytes, string ending) =>
        terminal.WriteNote($"{(terminal.ErrorIsTerminal ? "\r\e[K" : string.Empty)}{Text(records, bytes)}{ending}");

    private string Text(long records, long bytes)
    {
        double seconds = Math.Max(0.001, terminal.Time.GetElapsedTime(_started).TotalSeconds);
        return $"{Figures.Count(records, "record")}, {Figures.Group((long)((records - recordsBefore) / seconds))}/s, {bytes / BytesPerMebibyte:F1} MiB";
    }
}
