using System.Numerics;

namespace Metering.Ledger.Sqlite;

/// <summary>Proves that the roll-ups of days are their hours, total by total. Each day is compared in one state of the ledger.</summary>
internal sealed class DayVerification(Database database, Findings findings)
{
    /// <summary>Compares a day, if its roll-up is in use.</summary>
    public void Check(long day) => findings.TryInOneState(database, $"the totals of the day {NameOf(day)} (UTC)", () =>
    {
        try
        {
            if (day < RolledUpDays.EndDay(database) && RolledUpDays.Changed(database).BinarySearch(day) < 0 && Difference(day) is { } difference)
            {
                findings.Tell($"The roll-up of the day {NameOf(day)} (UTC), from which totals are read, {difference} "
                    + "The hours are the ledger's own: to make the roll-up again, stop the server, delete the day's rows of day_total and add "
                    + $"the row ({day}, 1) to changed_day.");
            }
        }
        catch (DayDamageException damage)
        {
            findings.Tell($"{damage.Message} It is made again from the hours as soon as it is read.");
        }
    });

    private static string NameOf(long day) => $"{DateTimeOffset.UnixEpoch.AddDays(day):yyyy-MM-dd}";

    private string? Difference(long day)
    {
        using var hours = new HourCursor(database, HourRange.OfDay(day), (_, _) => true, null);
        bool isMore = hours.Next(out HourTotal hour);
        using Statement parts = database.Prepare("SELECT first_owner, last_owner, series, sums, hours FROM day_total WHERE day = ?1 ORDER BY part").Bind(1, day);
        while (parts.Step())
        {
            var part = new DayPartReader(day, parts.Number(0), parts.Number(2), parts.Bytes(3), parts.Bytes(4), hasHours: true);
            int owner = (int)parts.Number(0);
            while (part.Next())
            {
                HourTotal sum = part.Sum;
                HourTotal added = sum with { Quantity = 0, Records = 0 };
                owner = sum.OwnerKey;
                for (uint bits = part.HourBits; bits != 0; bits &= bits - 1)
                {
                    (Int128 quantity, long records) = part.NextHour();
                    var rolledUp = new HourTotal(sum.OwnerKey, sum.SkuKey, sum.Hour + BitOperations.TrailingZeroCount(bits), quantity, records);
                    if (!isMore || rolledUp != hour)
                        return $"has {Describe(rolledUp)}, but the hours have {(isMore ? Describe(hour) : "no more")}.";
                    added = added with { Quantity = added.Quantity + quantity, Records = added.Records + records };
                    isMore = hours.Next(out hour);
                }

                if (added != sum)
                    return $"has {sum.Quantity} in {sum.Records} records of owner {sum.OwnerKey}, SKU {sum.SkuKey}, "
                        + $"but its hours give {added.Quantity} in {added.Records}.";
            }

            if (owner != parts.Number(1))
                return $"has a part that ends with owner {owner}, but is noted to end with {parts.Number(1)}.";
        }

        return isMore ? $"lacks {Describe(hour)}." : null;
    }

    private static string Describe(HourTotal total) =>
        $"{total.Quantity} in {total.Records} records of owner {total.OwnerKey}, SKU {total.SkuKey}, hour {total.Hour}";
}
