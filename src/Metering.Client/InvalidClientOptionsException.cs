namespace Metering.Client;

/// <summary>The options of a client are wrong; the message names every fault.</summary>
/// <param name="faults">Each fault in words.</param>
public sealed class InvalidClientOptionsException(IReadOnlyList<string> faults) : Exception(string.Join(Environment.NewLine, faults))
{
    /// <summary>Each fault in words.</summary>
    public IReadOnlyList<string> Faults { get; } = faults;
}
