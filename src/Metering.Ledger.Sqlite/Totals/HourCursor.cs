namespace Metering.Ledger.Sqlite;

/// <summary>
/// Goes through hourly totals of a range, in the order of owner, SKU and hour. Series are side by side in the table, each with
/// all its hours; so it leaps from the range in one series to the range in the next, and never reads what lies between.
/// </summary>
internal sealed class HourCursor : IDisposable
{
    private readonly Statement _from;
    private readonly HourRange _range;
    private readonly Func<int, int, bool> _covers;
    private readonly IReadOnlyList<int>? _owners;
    private (int Owner, int Sku)? _covered;
    private int _ownerPlace;

    /// <summary>Begins before the first series.</summary>
    /// <param name="database">A connection, in a transaction.</param>
    /// <param name="range">The hours.</param>
    /// <param name="covers">Which owners and SKUs.</param>
    /// <param name="owners">The only owners, ascending; null for all.</param>
    public HourCursor(Database database, HourRange range, Func<int, int, bool> covers, IReadOnlyList<int>? owners)
    {
        _range = range;
        _covers = covers;
        _owners = owners;
        _from = database.Prepare("""
            SELECT owner, sku, hour, quantity, records FROM hour_total
            WHERE (owner, sku, hour) >= (?1, ?2, ?3) ORDER BY owner, sku, hour
            """);
        Seek(int.MinValue, int.MinValue, long.MinValue);
    }

    /// <summary>Goes on after a series.</summary>
    public void SkipAfter(int owner, int sku) => Seek(owner, sku, long.MaxValue);

    /// <summary>The next total; false after the last.</summary>
    public bool Next(out HourTotal total)
    {
        total = default;
        while (_from.Step())
        {
            (int owner, int sku, long hour) = ((int)_from.Number(0), (int)_from.Number(1), _from.Number(2));
            if (_owners is not null && !IsWanted(owner, out bool isOver))
            {
                if (isOver)
                    return false;
                continue;
            }

            if (hour >= _range.ToHour || !Covers(owner, sku))
            {
                SkipAfter(owner, sku);
            }
            else if (hour < _range.FromHour)
            {
                Seek(owner, sku, _range.FromHour);
            }
            else
            {
                total = LedgerReader.Total(_from);
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => _from.Dispose();

    // Leaps to the next owner that is wanted, when this one is not.
    private bool IsWanted(int owner, out bool isOver)
    {
        while (_ownerPlace < _owners!.Count && _owners[_ownerPlace] < owner)
            _ownerPlace++;
        isOver = _ownerPlace == _owners.Count;
        if (isOver || _owners[_ownerPlace] == owner)
            return !isOver;
        Seek(_owners[_ownerPlace], int.MinValue, long.MinValue);
        return false;
    }

    private bool Covers(int owner, int sku)
    {
        if (_covered == (owner, sku))
            return true;
        if (!_covers(owner, sku))
            return false;
        _covered = (owner, sku);
        return true;
    }

    private void Seek(int owner, int sku, long hour)
    {
        _from.Reset();
        _from.Bind(1, owner).Bind(2, sku).Bind(3, hour);
    }
}
