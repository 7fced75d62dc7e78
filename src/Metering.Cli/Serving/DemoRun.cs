using Metering.Client;
using Metering.Contracts.V1;
using Metering.Server;
using Yandex.Cloud.Marketplace.Metering.V1;
using Dimension = Metering.Contracts.V1.QueryUsageRequest.Types.Dimension;

namespace Metering.Cli;

/// <summary>What the demo does with a running server: keys, real writes over TLS, verdicts, totals. All of it through the client.</summary>
internal sealed class DemoRun(ServerFacts facts, Task<AuthorizedKeyFile> firstKey, Terminal terminal) : IDisposable
{
    private readonly Dictionary<string, (MeteringClient Client, string KeyFile)> _accounts = new(StringComparer.Ordinal);
    private readonly MeteringClient _admin = new(new MeteringClientOptions
    {
        Address = AddressOf(facts),
        CertificateAuthorityFile = facts.CertificateAuthorityFile,
        AdminToken = File.ReadAllText(facts.AdminTokenFile).Trim(),
    });

    /// <summary>Begins to make the key of the account that writes first: it takes a while, so it is made beside the start of the server.</summary>
    public static Task<AuthorizedKeyFile> MakeFirstKey(TimeProvider time) => Task.Run(() => MakeKey(DemoRecords.Sources[0].Account, time));

    /// <summary>The key file of an account, once it was used.</summary>
    public string KeyFileOf(string account) => _accounts[account].KeyFile;

    /// <summary>Writes everything, and tells when the first answer came.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        var usage = new DemoRecords(terminal.Time.GetUtcNow());
        var table = new VerdictTable(terminal, isVerbose: false);
        var progress = new ProgressLine(terminal, isShown: true, () => null);
        var counts = default(WriteProgress);
        string counted = "";

        async Task Write(string account, string target, bool isImage, IEnumerable<UsageRecord> records)
        {
            MeteringClient client = await ClientAsync(account, cancellationToken);
            IAsyncEnumerable<RecordVerdict> verdicts = isImage
                ? client.WriteImageProductUsageAsync(target, Stream(records), cancellationToken: cancellationToken)
                : client.WriteProductUsageAsync(target, Stream(records), cancellationToken: cancellationToken);
            await foreach (RecordVerdict verdict in verdicts)
            {
                counts = counts.Add(verdict.Outcome);
                table.Add(verdict);
                progress.Show(counts);
            }
        }

        (string publisher, string instance, _, string[] skus, _) = DemoRecords.Sources[0];
        UsageRecord first = usage.Record(skus[0], 1);
        counted = first.Uuid;
        await Write(publisher, instance, false, [first]);
        terminal.WriteNote($"The first Write was answered {terminal.Time.GetElapsedTime(terminal.StartedAt).TotalSeconds:0.00} s after the start.\n");

        foreach ((string account, string target, bool isImage, string[] its, int records) in DemoRecords.Sources)
            await Write(account, target, isImage, usage.Of(its, records));
        await Write(publisher, instance, false, usage.OneForEachReason(skus[0], DemoRecords.Sources[2].Skus[0], counted));
        progress.Clear();
        terminal.Output.WriteLine(terminal.Paint("What was written, and one record for each of the seven reasons to reject it", Shade.Strong));
        table.Finish(new WriteEnd(counts, 0, IsDryRun: false, null));
    }

    /// <summary>Shows the totals, with bars.</summary>
    public async Task ShowUsageAsync(CancellationToken cancellationToken)
    {
        var request = new QueryUsageRequest { GroupBy = { Dimension.BillingAccount, Dimension.ProductInstance, Dimension.Sku } };
        terminal.Output.WriteLine();
        terminal.Output.WriteLine(terminal.Paint("What was counted", Shade.Strong));
        using var table = new UsageTable(request, TimeZoneInfo.Utc, terminal);
        table.Add(await _admin.QueryUsageAsync(request, cancellationToken));
        table.Finish();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _admin.Dispose();
        foreach ((MeteringClient client, _) in _accounts.Values)
            client.Dispose();
    }

    private static string AddressOf(ServerFacts facts) => $"https://localhost:{facts.Listening.Https!.Port}";

    // A key of its own for each account, registered as `metering key create` does it.
    private async Task<MeteringClient> ClientAsync(string account, CancellationToken cancellationToken)
    {
        if (_accounts.TryGetValue(account, out (MeteringClient Client, string KeyFile) known))
            return known.Client;
        AuthorizedKeyFile key = await _admin.RegisterKeyAsync(_accounts.Count == 0 ? await firstKey : MakeKey(account, terminal.Time), cancellationToken);
        string file = Path.Combine(facts.DataDirectory, "..", $"{account}-key.json");
        key.Write(Path.GetFullPath(file));
        var client = new MeteringClient(new MeteringClientOptions
        {
            Address = AddressOf(facts),
            CertificateAuthorityFile = facts.CertificateAuthorityFile,
            KeyFile = Path.GetFullPath(file),
        });
        _accounts.Add(account, (client, Path.GetFullPath(file)));
        return client;
    }

    private static AuthorizedKeyFile MakeKey(string account, TimeProvider time) =>
        AuthorizedKeyFile.Create(account, KeyAlgorithm.Rsa2048, time.GetUtcNow());

    private static async IAsyncEnumerable<UsageRecord> Stream(IEnumerable<UsageRecord> records)
    {
        foreach (UsageRecord record in records)
            yield return record;
        await Task.CompletedTask;
    }
}
