namespace Metering.Faults;

/// <summary>Every scenario, in the order of the scorecard.</summary>
internal static class AllScenarios
{
    public static readonly IReadOnlyList<Scenario> List =
    [
        new KillScenario(), new PowerCutScenario(), new LostWritesScenario(), new FsyncScenario(), new DiskFullScenario(), new BitFlipScenario(),
        new SameUuidsScenario(), new OverlapScenario(), new DatabaseRestartScenario(), new NodeKillScenario(), new FailoverScenario(), new CommitCutScenario(),
    ];
}
