namespace Metering.Ledger.Sqlite;

/// <summary>
/// Totals of the hours that are over in days that are not rolled up yet, packed as those are, in memory alone: without them, every
/// question about today would read each hour of each series. They hold as long as none of these hours changes.
/// </summary>
/// <param name="Batch">The last batch of the state that they were read from: who reads an older one cannot use them.</param>
/// <param name="Range">The hours.</param>
/// <param name="Parts">Their totals, by day and series.</param>
internal sealed record OpenHours(long Batch, HourRange Range, IReadOnlyList<(long Day, DayPart Part)> Parts)
{
    /// <summary>Most hourly totals that are packed in memory, at some 5 bytes each.</summary>
    public const int TotalsMaximum = 4 * 1024 * 1024;

    /// <summary>Packs them, of one state; null when they are too many.</summary>
    /// <param name="database">A connection that is in no transaction.</param>
    /// <param name="toHour">The hour after the last.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static OpenHours? Pack(Database database, long toHour, CancellationToken cancellationToken)
    {
        database.Execute("BEGIN");
        try
        {
            var range = new HourRange(RolledUpDays.EndDay(database) * HourRange.HoursPerDay, toHour);
            long batch = database.QueryNumber("SELECT max(number) FROM batch");
            var parts = new List<(long, DayPart)>();
            long totals = 0;
            for (long day = HourRange.DayOf(range.FromHour); HourRange.OfDay(day).FromHour < toHour; day++)
            {
                (int Owner, int Sku)? after = null;
                do
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (DayPartWriter.Make(database, day, HourRange.OfDay(day).And(range), ref after, ref totals) is { } part)
                        parts.Add((day, part));
                    if (totals > TotalsMaximum)
                        return null;
                }
                while (after is not null);
            }

            return new OpenHours(batch, range, parts);
        }
        finally
        {
            database.Execute("COMMIT");
        }
    }
}
