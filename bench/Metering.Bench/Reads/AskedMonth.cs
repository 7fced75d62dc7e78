using Metering.Client;
using Metering.Contracts.V1;
using Metering.Ledger;
using Metering.Ledger.Sqlite;
using Metering.Load;
using Metering.Server;

namespace Metering.Bench;

/// <summary>What a question took.</summary>
/// <param name="Name">The question.</param>
/// <param name="Totals">Totals in the answer, page by page.</param>
/// <param name="StoreMilliseconds">From the question to the page with its names, in one process with the store, time after time.</param>
/// <param name="ServerMilliseconds">From the call to the answer that was read, through the server.</param>
internal sealed record QuestionTimes(
    string Name, IReadOnlyList<int> Totals, IReadOnlyList<double> StoreMilliseconds, IReadOnlyList<double> ServerMilliseconds)
{
    /// <summary>The one in the middle.</summary>
    public double StoreP50Milliseconds => Median.Of(StoreMilliseconds);

    /// <summary>The one in the middle.</summary>
    public double ServerP50Milliseconds => Median.Of(ServerMilliseconds);
}

/// <summary>Asks the questions of a month over and over: in the store's own process, or of a server.</summary>
/// <param name="turns">How often each is asked.</param>
/// <param name="time">The clock.</param>
internal sealed class AskedMonth(int turns, TimeProvider time)
{
    /// <summary>Asks a store that is open here.</summary>
    /// <returns>Totals page by page, and the times of all pages.</returns>
    public async Task<(IReadOnlyList<int> Totals, IReadOnlyList<double> Milliseconds)> AskAsync(
        SqliteStore store, CatalogHolder catalog, MonthQuestion question, CancellationToken stop) =>
        await RepeatAsync(async () =>
        {
            UsagePlace? after = null;
            return await PagesAsync(async () =>
            {
                HourRange? bounds = UsageWindows.IsOpen(question.Asked) ? await store.Totals.BoundsAsync(stop) : null;
                IReadOnlyList<long> edges = UsageWindows.EdgesOf(question.Asked, bounds, out _);
                var groups = new SeriesGroups(question.Asked, ReadScope.Everything, catalog);
                UsagePage page = await UsagePage.MakeAsync(edges, groups, after, question.PageTotals, store.Totals, stop);
                after = page.Next;
                return (page.Sums.Count, after is null);
            });
        });

    /// <summary>Asks a server.</summary>
    /// <returns>Totals page by page, and the times of all pages.</returns>
    public async Task<(IReadOnlyList<int> Totals, IReadOnlyList<double> Milliseconds)> AskAsync(
        MeteringClient client, MonthQuestion question, CancellationToken stop) =>
        await RepeatAsync(async () =>
        {
            QueryUsageRequest request = question.ToRequest();
            return await PagesAsync(async () =>
            {
                QueryUsageResponse answer = await client.QueryUsageAsync(request, stop);
                request.PageToken = answer.NextPageToken;
                return (answer.Totals.Count, answer.NextPageToken.Length == 0);
            });
        });

    private async Task<(IReadOnlyList<int> Totals, IReadOnlyList<double> Milliseconds)> RepeatAsync(
        Func<Task<IReadOnlyList<(int Totals, double Milliseconds)>>> ask)
    {
        await ask(); // compiles
        var times = new List<double>();
        IReadOnlyList<int> totals = [];
        for (int turn = 0; turn < turns; turn++)
        {
            IReadOnlyList<(int Totals, double Milliseconds)> pages = await ask();
            totals = [.. pages.Select(page => page.Totals)];
            times.AddRange(pages.Select(page => page.Milliseconds));
        }

        return (totals, times);
    }

    private async Task<IReadOnlyList<(int Totals, double Milliseconds)>> PagesAsync(Func<Task<(int Totals, bool IsLast)>> ask)
    {
        var pages = new List<(int, double)>();
        bool isLast = false;
        while (pages.Count < MonthQuestion.Pages && !isLast)
        {
            long startedAt = time.GetTimestamp();
            (int totals, isLast) = await ask();
            pages.Add((totals, time.GetElapsedTime(startedAt).TotalMilliseconds));
        }

        return pages;
    }
}
