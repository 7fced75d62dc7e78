namespace Metering.Load;

/// <summary>The load cannot be run; the message says why and what to do.</summary>
internal sealed class LoadException(string message) : Exception(message);
