using System.Globalization;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary>How far a verification came: a bar and the rate at the foot of a terminal, nothing in a pipe.</summary>
internal sealed class VerifyProgress(Terminal terminal)
{
    private const int BarCharacters = 24;

    private readonly long _started = terminal.Time.GetTimestamp();
    private string _checking = string.Empty;
    private long _checkingSince = terminal.Time.GetTimestamp();
    private bool _isDrawn;

    /// <summary>Time since it began.</summary>
    public TimeSpan Elapsed => terminal.Time.GetElapsedTime(_started);

    /// <summary>Draws the line anew.</summary>
    public void Show(VerifyLedgerResponse progress)
    {
        if (!terminal.ErrorIsTerminal)
            return;
        if (progress.Checking != _checking)
            (_checking, _checkingSince) = (progress.Checking, terminal.Time.GetTimestamp());
        double seconds = Math.Max(0.001, terminal.Time.GetElapsedTime(_checkingSince).TotalSeconds);
        string bar = string.Empty;
        if (progress.Total > 0)
        {
            double part = (double)progress.Done / progress.Total;
            int filled = (int)(Math.Clamp(part, 0, 1) * BarCharacters);
            bar = string.Create(
                CultureInfo.InvariantCulture,
                $"{new string('█', filled)}{new string('░', BarCharacters - filled)} {part,4:P0}  "
                    + $"{Figures.Group(progress.Done)} of {Figures.Group(progress.Total)}  ");
        }

        string rate = progress.Done > 0 ? $"  {Figures.Group((long)(progress.Done / seconds))}/s" : string.Empty;
        terminal.Error.Write($"\r{bar}{progress.Checking}{rate}\e[K");
        _isDrawn = true;
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        if (_isDrawn)
            terminal.Error.Write("\r\e[K");
    }
}
