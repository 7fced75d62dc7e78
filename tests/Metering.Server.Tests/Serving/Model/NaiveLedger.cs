using System.Numerics;
using System.Text.RegularExpressions;

namespace Metering.Server.Tests;

/// <summary>The server in a hundred lines without a server: too plain to be wrong. The rules are those of docs/verdicts.md, written anew.</summary>
internal sealed partial class NaiveLedger
{
    private const long WindowSeconds = 3600;
    private const long ToleranceSeconds = 60;

    private readonly HashSet<string> _counted = [];
    private readonly SortedDictionary<string, (BigInteger Quantity, long Records)> _totals = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _rejections = new(StringComparer.Ordinal);
    private DateTimeOffset _latestReading;

    public ModelCatalog Catalog { get; set; } = ModelCatalog.All[0];

    /// <summary>The latest reading that is on disk.</summary>
    public DateTimeOffset LatestStored { get; private set; }

    /// <summary>"window product instance account sku quantity records", each series a line.</summary>
    public IEnumerable<string> Totals => _totals.Select(total => $"{total.Key} {total.Value.Quantity} {total.Value.Records}");

    /// <summary>"instance account reason records", each series a line.</summary>
    public IEnumerable<string> Rejections => _rejections.Select(one => $"{one.Key} {one.Value}");

    /// <summary>A restart forgets the readings that changed nothing.</summary>
    public void Restart() => _latestReading = LatestStored;

    public ModelAnswer Write(ModelWrite write, DateTimeOffset clock)
    {
        if (clock > _latestReading)
            _latestReading = clock;
        HashSet<string> counted = write.DryRun ? [.. _counted] : _counted;
        string product = write.IsImage ? write.Target : ModelCatalog.Database;
        string instance = write.IsImage ? "" : write.Target;
        string customer = write.Account switch
        {
            "first-customer-gateway" => "dn2first0customer",
            "second-customer-gateway" => "dn2second0customer",
            _ => write.Target == "acme-database-first" ? "dn2first0customer" : "dn2second0customer",
        };
        List<string> accepted = [], rejected = [];
        foreach (ModelRecord record in write.Records)
        {
            string? reason = Reason(record, product, write.IsImage, counted);
            if (reason is null)
            {
                accepted.Add(record.Uuid);
                counted.Add(record.Uuid.ToLowerInvariant());
            }
            else
            {
                rejected.Add($"{record.Uuid} {reason}");
            }

            if (write.DryRun)
                continue;
            if (reason is not null)
            {
                string series = $"{instance} {customer} {reason}";
                _rejections[series] = _rejections.GetValueOrDefault(series) + 1;
                continue;
            }

            long seconds = record.Moment!.Value.Seconds;
            string key = $"{DateTimeOffset.FromUnixTimeSeconds(seconds - (seconds % 3600)):yyyy-MM-dd'T'HH:mm:ss'Z'} {product} {instance} {customer} {record.Sku}";
            (BigInteger quantity, long records) = _totals.GetValueOrDefault(key);
            _totals[key] = (quantity + record.Quantity, records + 1);
        }

        if (!write.DryRun && _latestReading > LatestStored)
            LatestStored = _latestReading;
        return new ModelAnswer(accepted, rejected);
    }

    private string? Reason(ModelRecord record, string product, bool isImage, HashSet<string> counted)
    {
        string uuid = record.Uuid.ToLowerInvariant();
        if (!UuidForm().IsMatch(uuid) || uuid == new string('0', 8) + "-0000-0000-0000-000000000000" || uuid == "ffffffff-ffff-ffff-ffff-ffffffffffff")
            return "INVALID_ID";
        if (!Catalog.ActiveSkus.TryGetValue(record.Sku, out string? owner))
            return "INVALID_SKU_ID";
        if (!Catalog.ActiveProducts.Contains(product) || owner != product || isImage != (product == ModelCatalog.Gateway))
            return "INVALID_PRODUCT_ID";
        if (counted.Contains(uuid))
            return "DUPLICATE";
        if (record.Moment is not var (seconds, nanoseconds)
            || seconds < -62_135_596_800 || seconds > 253_402_300_799 || nanoseconds is < 0 or > 999_999_999)
            return "INVALID_TIMESTAMP";
        var moment = new BigInteger(seconds) * 1_000_000_000 + nanoseconds;
        BigInteger now = (_latestReading.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) * new BigInteger(100);
        if (moment < now - (WindowSeconds * 1_000_000_000))
            return "EXPIRED";
        if (moment > now + (ToleranceSeconds * 1_000_000_000))
            return "INVALID_TIMESTAMP";
        return record.Quantity <= 0 ? "INVALID_QUANTITY" : null;
    }

    [GeneratedRegex("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex UuidForm();
}
