namespace Metering.Bench;

/// <summary>A run that reads.</summary>
/// <param name="Options">How it was made.</param>
/// <param name="Machine">On what.</param>
/// <param name="Started">When.</param>
/// <param name="Figures">What it measured.</param>
internal sealed record ReadsResult(BenchOptions Options, Machine Machine, DateTimeOffset Started, ReadsFigures Figures)
{
    private const double ExportPerSecond = 500_000, VerifyPerSecond = 1_000_000;
    private const double QuestionMilliseconds = 200;
    private const double WritePart = 0.8;

    /// <summary>The targets of what was measured.</summary>
    public IReadOnlyList<Target> Targets =>
    [
        .. (Figures.Records?.Commands ?? []).SelectMany(command => new[]
        {
            Target.AtLeast($"{command.Name}, a server just started", command.ColdPerSecond, BoundOf(command), "/s", "N0"),
            Target.AtLeast($"{command.Name}, asked before", command.WarmPerSecond, BoundOf(command), "/s", "N0"),
        }),
        .. (Figures.Totals?.Questions ?? []).Select(question =>
            Target.AtMost($"{question.Name}, through the server, p50", question.ServerP50Milliseconds, QuestionMilliseconds, "ms")),
        .. Figures.Beside is { } beside ? [Target.AtLeast("writes with reads beside them", beside.Part, WritePart, "× writes alone", "N3")] : Array.Empty<Target>(),
    ];

    private static double BoundOf(CommandTimes command) =>
        command.Name.Contains("verify", StringComparison.Ordinal) ? VerifyPerSecond : ExportPerSecond;
}
