namespace Metering.Attacks;

/// <summary>Every attack, in the order of the table.</summary>
internal static class AllAttacks
{
    public static IReadOnlyList<Attack> List { get; } =
    [
        new RapidReset(), new ResetFlood(), new PingFlood(), new SettingsFlood(), new PriorityFlood(), new EmptyFrameFlood(),
        new ContinuationFlood(), new HeaderFlood(), new HeaderOverload(),
        new ConnectionFlood(), new ConnectionChurn(), new HandshakeFlood(),
        new GzipBomb(), new OversizeMessages(), new PartialMessages(), new JsonBomb(),
        new SlowReader(), new UnreadSocket(), new SlowSender(), new SlowHeaders(), new HalfOpenStreams(), new EndlessWatches(),
        new ForgedTokens(), new UnauthenticatedWrites(),
    ];

    /// <summary>The attack of a name; null when there is none.</summary>
    public static Attack? Find(string name) => List.FirstOrDefault(attack => attack.Name == name);
}
