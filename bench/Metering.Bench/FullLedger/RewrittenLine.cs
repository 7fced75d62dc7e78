namespace Metering.Bench;

/// <summary>A line about what goes on: written over again in a terminal, now and then a new one elsewhere.</summary>
/// <param name="target">Where it is written.</param>
/// <param name="isTerminal">Whether a person sees it as it is written.</param>
/// <param name="time">The clock.</param>
internal sealed class RewrittenLine(TextWriter target, bool isTerminal, TimeProvider time)
{
    /// <summary>Between two lines where nothing can be written over.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long _shownAt = time.GetTimestamp();
    private bool _isShown;

    /// <summary>Shows how it is now.</summary>
    public void Show(string text)
    {
        lock (_lock)
        {
            if (isTerminal)
                target.Write($"\r{text}\e[K");
            else if (time.GetElapsedTime(_shownAt) < Pause)
                return;
            else
                target.WriteLine(text);
            _shownAt = time.GetTimestamp();
            _isShown = isTerminal;
        }
    }

    /// <summary>Writes a line that stays.</summary>
    public void Say(string text)
    {
        lock (_lock)
        {
            target.WriteLine(_isShown ? $"\r{text}\e[K" : text);
            _isShown = false;
        }
    }
}
