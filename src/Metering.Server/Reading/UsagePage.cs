using System.Buffers.Binary;
using System.Text;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>Some totals in the order of windows and series, and where the next ones begin.</summary>
/// <param name="Sums">The totals.</param>
/// <param name="Next">The place after them; null at the end.</param>
public sealed record UsagePage(IReadOnlyList<UsageSum> Sums, UsagePlace? Next)
{
    /// <summary>Reads as many windows as the page needs, and no more.</summary>
    /// <param name="edges">The windows' edges; see <see cref="UsageWindows"/>.</param>
    /// <param name="groups">The series.</param>
    /// <param name="after">Where the page before ended; null for the first page.</param>
    /// <param name="size">Most totals.</param>
    /// <param name="totals">The ledger's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<UsagePage> MakeAsync(
        IReadOnlyList<long> edges, SeriesGroups groups, UsagePlace? after, int size, ITotalReader totals, CancellationToken cancellationToken)
    {
        var sums = new List<UsageSum>();
        int first = after is { } place ? WindowAt(edges, place.WindowStartHour) : 0;
        if (first >= edges.Count - 1)
            return new UsagePage(sums, null);
        var query = new TotalQuery([.. edges.Skip(first)], groups.GroupOf) { Owners = groups.Owners() };
        await foreach (IReadOnlyList<WindowTotal> read in totals.ReadAsync(query, cancellationToken))
        {
            Add(read, query.Edges, groups, after, size + 1, sums);
            if (sums.Count > size)
            {
                sums.RemoveRange(size, sums.Count - size);
                return new UsagePage(sums, new UsagePlace(sums[^1].Window.FromHour, sums[^1].Series));
            }
        }

        return new UsagePage(sums, null);
    }

    private static void Add(
        IReadOnlyList<WindowTotal> read, IReadOnlyList<long> edges, SeriesGroups groups, UsagePlace? after, int most, List<UsageSum> sums)
    {
        ReadOnlySpan<int> ranks = groups.Ranks();
        WindowTotal[] ordered = [.. read];
        long[] places = new long[ordered.Length];
        for (int place = 0; place < places.Length; place++)
            places[place] = ((long)ordered[place].Window << 32) | (uint)ranks[ordered[place].Group];
        Array.Sort(places, ordered);
        foreach (WindowTotal total in ordered)
        {
            if (sums.Count == most)
                return;
            UsageSeries series = groups.SeriesOf(total.Group);
            if (total.Window > 0 || after is not { } place || series.CompareTo(place.Series) > 0)
                sums.Add(new UsageSum(new HourRange(edges[total.Window], edges[total.Window + 1]), series, total.Quantity, total.Records));
        }
    }

    // The one window of a range without a beginning may begin earlier by now.
    private static int WindowAt(IReadOnlyList<long> edges, long startHour)
    {
        if (edges.Count == 2)
            return 0;
        int window = 0;
        while (window < edges.Count && edges[window] < startHour)
            window++;
        return window;
    }
}

/// <summary>A place in the order of totals.</summary>
/// <param name="WindowStartHour">The window's first hour.</param>
/// <param name="Series">The series that came last.</param>
public readonly record struct UsagePlace(long WindowStartHour, UsageSeries Series)
{
    private const char Separator = '\n'; // no id holds one
    private const int Texts = 5;

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out UsagePlace place)
    {
        place = default;
        if (bytes.Length < sizeof(long))
            return false;
        string[] texts = Encoding.UTF8.GetString(bytes[sizeof(long)..]).Split(Separator);
        if (texts.Length != Texts)
            return false;
        place = new UsagePlace(BinaryPrimitives.ReadInt64BigEndian(bytes), new UsageSeries(texts[0], texts[1], texts[2], texts[3], texts[4]));
        return true;
    }

    /// <summary>As bytes.</summary>
    public byte[] ToBytes()
    {
        byte[] start = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(start, WindowStartHour);
        return [.. start, .. Encoding.UTF8.GetBytes(string.Join(Separator, Series.ProductId, Series.InstanceId, Series.BillingAccountId, Series.SkuId, Series.Unit))];
    }
}
