using Metering.Client;
using Metering.Ledger;
using Metering.Ledger.Sqlite;

namespace Metering.Bench;

/// <summary>Asks for the totals of a month: with the store in this process, then through a server.</summary>
/// <param name="options">How the run is made.</param>
/// <param name="month">What is in the ledger.</param>
/// <param name="data">The data directory that it is in.</param>
/// <param name="line">Where it is shown how far it is.</param>
/// <param name="time">The clock.</param>
internal sealed class TotalsRun(BenchOptions options, MonthOfUsage month, string data, RewrittenLine line, TimeProvider time)
{
    private const int Turns = 9, ShortTurns = 3;

    // By then a server has packed the hours of today that are over.
    private static readonly TimeSpan PackedAfter = TimeSpan.FromSeconds(8);

    private readonly AskedMonth _asked = new(options.IsShort ? ShortTurns : Turns, time);
    private readonly IReadOnlyList<MonthQuestion> _questions = MonthQuestion.All(time.GetUtcNow());

    /// <summary>Asks everything.</summary>
    public async Task<MonthRead> ExecuteAsync(CancellationToken stop)
    {
        IReadOnlyList<(IReadOnlyList<int> Totals, IReadOnlyList<double> Milliseconds)> inStore = await AskStoreAsync(stop);
        await using BenchServer server = await BenchServer.StartAsync(options.Checkout, data, time, stop, hasCatalog: true);
        using MeteringClient client = await server.ConnectAsync(data, stop);
        if (!options.IsShort)
            await Task.Delay(PackedAfter, time, stop);
        var times = new List<QuestionTimes>();
        foreach (MonthQuestion question in _questions)
        {
            (IReadOnlyList<int> totals, IReadOnlyList<double> milliseconds) = await _asked.AskAsync(client, question, stop);
            (IReadOnlyList<int> expected, IReadOnlyList<double> inStoreMilliseconds) = inStore[times.Count];
            if (!totals.SequenceEqual(expected))
                throw new BenchException($"{question.Name}: the server answered {totals.Sum():N0} totals, the store {expected.Sum():N0}.");
            times.Add(new QuestionTimes(question.Name, totals, inStoreMilliseconds, milliseconds));
            line.Say($"{question.Name}: {times[^1].StoreP50Milliseconds:N0} ms in the store, {times[^1].ServerP50Milliseconds:N0} ms through the server.");
        }

        await server.StopAsync(stop);
        return new MonthRead(month.Records, month.Series, times);
    }

    private async Task<IReadOnlyList<(IReadOnlyList<int> Totals, IReadOnlyList<double> Milliseconds)>> AskStoreAsync(CancellationToken stop)
    {
        await using SqliteStore store = SqliteStore.Open(new SqliteStoreOptions(Path.Combine(data, BenchServer.LedgerFile)), time);
        await store.RollUpAsync(stop);
        var catalog = new CatalogHolder { Current = new CatalogSnapshot(await store.Catalog.ReadAsync(stop)) };
        var answers = new List<(IReadOnlyList<int>, IReadOnlyList<double>)>();
        foreach (MonthQuestion question in _questions)
            answers.Add(await _asked.AskAsync(store, catalog, question, stop));
        return answers;
    }
}
