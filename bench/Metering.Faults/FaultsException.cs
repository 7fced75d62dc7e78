namespace Metering.Faults;

/// <summary>A scenario cannot be run, or what it runs on does not behave; the message says what.</summary>
internal sealed class FaultsException(string message) : Exception(message);
