using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Metering.Fuzz.Tests;

/// <summary>Keeps what a server logs as an error or worse: whatever clients send, there is nothing to log there.</summary>
internal sealed class CapturedLog : ILoggerProvider
{
    // Kestrel's own line, behind an answer of 400, about a chunk trailer that is not UTF-8; nothing above it can prevent it.
    private const string Kestrel = "Microsoft.AspNetCore.Server.Kestrel";
    private const string Draining = "automatic draining of the request body failed because the body reader is in an invalid state";

    private readonly ConcurrentQueue<string> _errors = [];

    /// <summary>How many there are.</summary>
    public int Count => _errors.Count;

    public IReadOnlyList<string> Errors => [.. _errors];

    public ILogger CreateLogger(string categoryName) => new Category(categoryName, _errors);

    public void Dispose()
    {
    }

    private sealed class Category(string name, ConcurrentQueue<string> errors) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            string text = formatter(state, exception);
            if (IsEnabled(logLevel) && !(name.StartsWith(Kestrel, StringComparison.Ordinal) && text.Contains(Draining, StringComparison.Ordinal)))
                errors.Enqueue($"{logLevel} {name}: {text} {exception}");
        }
    }
}
