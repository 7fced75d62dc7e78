using System.Diagnostics;
using System.Text.Json;
using Metering.Ledger.Sqlite;

namespace Metering.Faults;

/// <summary>How a store under test differs from a user's: so little that sealing, merging and checkpoints never rest.</summary>
/// <param name="IndexRecentUuids">Uuids from which they are sealed into a run.</param>
/// <param name="IndexFanIn">Runs that are merged into one.</param>
/// <param name="CheckpointBytes">Length of the write-ahead log from which it is copied; it is started anew at twice that.</param>
/// <param name="FreeDiskBytes">Free space below which writes are refused; 0 lets the disk itself refuse.</param>
/// <param name="IsFsyncSkipped">For controls: commits are answered without an fsync.</param>
/// <param name="KillAtIndexStep">Which step of sealing and merging kills the process, as kill -9 does; 0 for none.</param>
internal sealed record StoreChanges(
    int IndexRecentUuids = 20_000, int IndexFanIn = 3, long CheckpointBytes = 4 << 20, long FreeDiskBytes = 0, bool IsFsyncSkipped = false, int KillAtIndexStep = 0)
{
    /// <summary>The options with these changes.</summary>
    public SqliteStoreOptions Apply(SqliteStoreOptions options) => options with
    {
        IndexRecentUuids = IndexRecentUuids,
        IndexFanIn = IndexFanIn,
        CheckpointBytes = CheckpointBytes,
        RestartLogBytes = 2 * CheckpointBytes,
        FreeDiskBytes = FreeDiskBytes,
        IsFsyncSkipped = IsFsyncSkipped,
        IndexStepReached = KillAtIndexStep > 0 ? new StepCount(KillAtIndexStep).Reached : null,
    };

    public string ToJson() => JsonSerializer.Serialize(this);

    public static StoreChanges FromJson(string json) => JsonSerializer.Deserialize<StoreChanges>(json)!;

    // The index's thread alone counts.
    private sealed class StepCount(int last)
    {
        private int _steps;

        public void Reached(IndexStep step)
        {
            if (++_steps < last)
                return;
            using Process self = Process.GetCurrentProcess();
            self.Kill();
        }
    }
}
