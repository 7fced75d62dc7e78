using Metering.Contracts.V1;
using Metering.Server;

namespace Metering.Cli;

/// <summary>Verifies a ledger that no server has open, and answers what a server would.</summary>
internal static class ClosedLedgerRun
{
    /// <summary>Runs it to its end.</summary>
    /// <exception cref="CommandException">There is no ledger, or a server has it open.</exception>
    public static async Task<VerificationReport> ExecuteAsync(
        string data, TimeProvider time, VerifyProgress progress, CancellationToken interrupted)
    {
        try
        {
            VerifyReport found = await Task.Run(() => Server.Program.Verify(data, new Shown(progress, time), interrupted), interrupted);
            return new VerificationReport
            {
                Records = found.Records, Differences = { found.Differences }, AbsentArchives = { found.AbsentArchives },
            };
        }
        catch (StartException fault)
        {
            throw new CommandException(ExitCodes.CannotStart, fault.Message, fault);
        }
    }

    /// <summary>Shows each step, and of those that follow each other fast a few.</summary>
    private sealed class Shown(VerifyProgress progress, TimeProvider time) : IProgress<VerifyStep>
    {
        private static readonly TimeSpan RedrawTime = TimeSpan.FromMilliseconds(100);

        private string? _checking;
        private long _shown;

        public void Report(VerifyStep value)
        {
            if (value.Checking == _checking && time.GetElapsedTime(_shown) < RedrawTime)
                return;
            (_checking, _shown) = (value.Checking, time.GetTimestamp());
            progress.Show(new VerifyLedgerResponse { Checking = value.Checking, Done = value.Done, Total = value.Of });
        }
    }
}
