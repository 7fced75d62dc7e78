using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Metering.Fuzz.Tests;

/// <summary>Keeps what a server logs as an error or worse: whatever clients send, there is nothing to log there.</summary>
internal sealed class CapturedLog : ILoggerProvider
{
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
            if (IsEnabled(logLevel))
                errors.Enqueue($"{logLevel} {name}: {formatter(state, exception)} {exception}");
        }
    }
}
