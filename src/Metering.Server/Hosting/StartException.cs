namespace Metering.Server;

/// <summary>The server cannot start; the message says what, where and what to do.</summary>
public sealed class StartException(string message, Exception? cause = null) : Exception(message, cause);
