using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Metering.Server.Tests;

/// <summary>Every line that a server logs, of every category and level, with scopes and exceptions in full.</summary>
internal sealed class CapturedLog : ILoggerProvider, ISupportExternalScope
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    public IEnumerable<string> Lines => _lines.Select(line => line.Text);

    /// <summary>
    /// Put in place of the usual log. Its rules outrank the server's filters, but for what the server silences for good.
    /// </summary>
    public void Configure(ILoggingBuilder log) => log.SetMinimumLevel(LogLevel.Trace).AddProvider(this)
        .AddFilter<CapturedLog>(category: null, LogLevel.Trace)
        .AddFilter<CapturedLog>("Microsoft.AspNetCore.Server.Kestrel.BadRequests", LogLevel.None);

    /// <summary>Lines of this level that hold the words.</summary>
    public int Count(LogLevel level, string words) =>
        _lines.Count(line => line.Level == level && line.Text.Contains(words, StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
        // What was captured is read after the server has ended.
    }

    private sealed class Logger(CapturedLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => log._scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var text = new System.Text.StringBuilder($"{logLevel} {category}: {formatter(state, exception)} {exception}");
            if (state is IEnumerable<KeyValuePair<string, object?>> values)
                text.AppendJoin(' ', values.Select(value => $"{value.Key}={value.Value}"));
            log._scopes.ForEachScope((scope, into) => into.Append(' ').Append(scope), text);
            log._lines.Enqueue((logLevel, text.ToString()));
        }
    }
}
