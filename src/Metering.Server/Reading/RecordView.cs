using System.Runtime.InteropServices;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// The records that a caller may see of those that it asks for, with their names. Names of owners and SKUs never change and
/// nothing is ever deleted, so that what was found once holds for the whole call.
/// </summary>
internal sealed class RecordView(ReadScope scope, RecordQuestion question, CatalogHolder catalog)
{
    private readonly Dictionary<(int Owner, int Sku), RecordSeries?> _series = [];
    private readonly Dictionary<int, string> _accounts = [];
    private (int Owner, int Sku) _lastKeys = (-1, -1);
    private RecordSeries? _last;

    /// <summary>What is asked for.</summary>
    public RecordQuestion Question => question;

    /// <summary>Whether no record is left out.</summary>
    public bool IsEverything { get; } = scope.IsEverything && question == RecordQuestion.Everything;

    /// <summary>The names of a record; null when it is not to be seen.</summary>
    public RecordSeries? Find(in CountedRecord record) =>
        question.IncludesMoment(record.TimestampUnixNanoseconds) ? Find(record.OwnerKey, record.SkuKey) : null;

    /// <summary>The names of an owner's usage of a SKU, whenever it was; null when it is not to be seen.</summary>
    public RecordSeries? Find(int ownerKey, int skuKey)
    {
        (int, int) keys = (ownerKey, skuKey);
        if (keys == _lastKeys)
            return _last;
        ref RecordSeries? series = ref CollectionsMarshal.GetValueRefOrAddDefault(_series, keys, out bool isKnown);
        if (!isKnown)
            series = Decide(keys);
        (_lastKeys, _last) = (keys, series);
        return series;
    }

    /// <summary>The id of the account that reported a record.</summary>
    public string AccountOf(in CountedRecord record)
    {
        if (!_accounts.TryGetValue(record.AccountKey, out string? id))
            _accounts[record.AccountKey] = id = catalog.Current.AccountIdByKey(record.AccountKey) ?? string.Empty;
        return id;
    }

    private RecordSeries? Decide((int Owner, int Sku) keys)
    {
        try
        {
            CatalogSnapshot current = catalog.Current;
            RecordSeries series = RecordSeries.Of(keys.Owner, keys.Sku, current); // first: a scope takes what it does not know for foreign
            return scope.Covers(keys.Owner, keys.Sku, current) && question.Includes(series) ? series : null;
        }
        catch
        {
            _series.Remove(keys); // it was not decided
            throw;
        }
    }
}
