namespace Metering.Server;

/// <summary>A file that the server needs cannot be used. The message names it, says why and what to do.</summary>
/// <param name="path">The file.</param>
/// <param name="reason">Why, and what to do about it.</param>
/// <param name="cause">What went wrong underneath, if anything did.</param>
public sealed class UnusableFileException(string path, string reason, Exception? cause = null) : Exception($"{path}: {reason}", cause)
{
    /// <summary>The file.</summary>
    public string Path { get; } = path;
}
