using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>The proof that totals, index and records agree, for the holder of the admin token.</summary>
internal sealed class VerifyRpc(ReadGate gate, ILedger ledger, TimeProvider time)
{
    private static readonly TimeSpan TellEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>Answers <c>VerifyLedger</c>.</summary>
    public async ValueTask<RpcStatus> VerifyLedgerAsync(VerifyLedgerRequest request, RpcWriter<VerifyLedgerResponse> writer, RpcCall call)
    {
        if (gate.CheckAdmin(call) is { } refusal)
            return RefusalStatus.Of(refusal);
        var seen = new LatestProgress();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken);
        Task<LedgerVerification> verification = VerifyAsync(seen, over.Token);
        try
        {
            while (!verification.IsCompleted)
            {
                await Task.WhenAny(verification, Task.Delay(TellEvery, time, over.Token));
                VerificationProgress progress = seen.Value;
                if (!verification.IsCompleted)
                    await writer.WriteAsync(new VerifyLedgerResponse { Checking = progress.Checking, Done = progress.Done, Total = progress.Of });
            }

            await writer.WriteAsync(new VerifyLedgerResponse { Report = ReportOf(await verification) });
            return RpcStatus.Ok;
        }
        finally
        {
            await over.CancelAsync(); // who does not listen any more does not want to know
        }
    }

    // What cannot be read at all is a difference, too.
    private async Task<LedgerVerification> VerifyAsync(IProgress<VerificationProgress> progress, CancellationToken cancellationToken)
    {
        try
        {
            return await ledger.VerifyAsync(progress, cancellationToken);
        }
        catch (StoreException fault) when (!fault.IsOutage)
        {
            return new LedgerVerification(0, [$"The verification could not be finished: {fault.Message}"]);
        }
    }

    private static VerificationReport ReportOf(LedgerVerification verification) => new()
    {
        Records = verification.Records, Differences = { verification.Differences }, AbsentArchives = { verification.AbsentArchives },
    };

    private sealed class LatestProgress : IProgress<VerificationProgress>
    {
        private readonly Lock _lock = new();
        private VerificationProgress _value = new(string.Empty, 0, 0);

        public VerificationProgress Value
        {
            get
            {
                lock (_lock)
                    return _value;
            }
        }

        public void Report(VerificationProgress value)
        {
            lock (_lock)
                _value = value;
        }
    }
}
