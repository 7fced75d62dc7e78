namespace Metering.Ledger;

/// <summary>
/// Corrections of what was counted. A record is never edited: a correction is an entry of its own beside it, which adds to or
/// takes from its quantity, and says why, who decided it and when. Totals of records stay what they are; corrections are
/// summed up apart from them.
/// </summary>
public interface ICorrections
{
    /// <summary>Corrects a record, durably. The same order again changes nothing, and is answered as the first time.</summary>
    /// <exception cref="StoreException">The store failed; given again, the order is carried out once.</exception>
    Task<CorrectionAnswer> AddAsync(CorrectionOrder order, CancellationToken cancellationToken);

    /// <summary>The corrections of some records, by record and step.</summary>
    Task<IReadOnlyList<Correction>> FindAsync(IReadOnlyCollection<UInt128> records, CancellationToken cancellationToken);

    /// <summary>
    /// The corrections of records whose timestamps are within a range, of one consistent state, by the records' timestamps,
    /// uuids and steps.
    /// </summary>
    IAsyncEnumerable<Correction> ReadAsync(CorrectionRange range, CancellationToken cancellationToken);
}

/// <summary>What a record should have been.</summary>
/// <param name="Id">The order's own number, chosen by who gives it: given twice, it is carried out once.</param>
/// <param name="Record">The record, as it was counted.</param>
/// <param name="Quantity">What its quantity should have been, in the SKU's usage unit; 0 when it should not have been counted.</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="Author">Who decided it.</param>
/// <param name="CreatedUnixNanoseconds">When, by the server's clock.</param>
public sealed record CorrectionOrder(Guid Id, CountedRecord Record, long Quantity, string Reason, string Author, long CreatedUnixNanoseconds);

/// <summary>A correction, as it is kept.</summary>
/// <param name="Id">The order's number.</param>
/// <param name="RecordUuid">The record that is corrected.</param>
/// <param name="Step">1 for the record's first correction, and so on.</param>
/// <param name="OwnerKey">The record's owner.</param>
/// <param name="SkuKey">The record's SKU.</param>
/// <param name="TimestampUnixNanoseconds">The record's timestamp: the correction belongs where the record does.</param>
/// <param name="Quantity">What is added to what was counted and corrected before; negative when it is taken away; never 0.</param>
/// <param name="Reason">Why.</param>
/// <param name="Author">Who decided it.</param>
/// <param name="CreatedUnixNanoseconds">When, by the server's clock.</param>
public sealed record Correction(
    Guid Id,
    UInt128 RecordUuid,
    int Step,
    int OwnerKey,
    int SkuKey,
    long TimestampUnixNanoseconds,
    long Quantity,
    string Reason,
    string Author,
    long CreatedUnixNanoseconds)
{
    /// <summary>The next correction of a record, so that its quantity becomes what is ordered.</summary>
    /// <param name="order">The order.</param>
    /// <param name="before">The record's corrections so far, by step.</param>
    /// <returns>What becomes of the order; only <see cref="CorrectionOutcome.Added"/> is to be stored.</returns>
    public static CorrectionAnswer Next(CorrectionOrder order, IReadOnlyList<Correction> before)
    {
        CountedRecord record = order.Record;
        if (before.FirstOrDefault(step => step.Id == order.Id) is { } same)
        {
            bool isSame = QuantityAfter(record, before.Take(same.Step)) == order.Quantity && same.Reason == order.Reason && same.Author == order.Author;
            return new CorrectionAnswer(isSame ? CorrectionOutcome.Repeated : CorrectionOutcome.IdTaken, same);
        }

        // Both lie between 0 and the largest quantity, so that what lies between them has a sign and 63 bits.
        long difference = order.Quantity - QuantityAfter(record, before);
        return difference == 0
            ? new CorrectionAnswer(CorrectionOutcome.NothingToCorrect, null)
            : new CorrectionAnswer(CorrectionOutcome.Added, new Correction(
                order.Id, record.Uuid, before.Count + 1, record.OwnerKey, record.SkuKey, record.TimestampUnixNanoseconds, difference, order.Reason,
                order.Author, order.CreatedUnixNanoseconds));
    }

    private static long QuantityAfter(CountedRecord record, IEnumerable<Correction> steps) => record.Quantity + steps.Sum(step => step.Quantity);
}

/// <summary>What became of an order.</summary>
/// <param name="Outcome">What.</param>
/// <param name="Correction">The correction that is kept under the order's number; null when there is none.</param>
public sealed record CorrectionAnswer(CorrectionOutcome Outcome, Correction? Correction);

/// <summary>What became of an order to correct.</summary>
public enum CorrectionOutcome
{
    /// <summary>The record was corrected.</summary>
    Added,

    /// <summary>The same order was carried out before.</summary>
    Repeated,

    /// <summary>Refused: another order for the record had this number.</summary>
    IdTaken,

    /// <summary>Refused: the quantity, with the corrections before, is what it should be already.</summary>
    NothingToCorrect,
}

/// <summary>A half-open range of the timestamps of records.</summary>
/// <param name="FromUnixNanoseconds">First moment, nanoseconds since 1970-01-01T00:00:00Z.</param>
/// <param name="ToUnixNanoseconds">Moment after the last.</param>
/// <param name="After">Only what comes after this correction, in the order of reading; null for all.</param>
public readonly record struct CorrectionRange(long FromUnixNanoseconds, long ToUnixNanoseconds, CorrectionPlace? After = null)
{
    /// <summary>All of time.</summary>
    public static readonly CorrectionRange All = new(long.MinValue, long.MaxValue);
}

/// <summary>A correction's place in the order of reading.</summary>
/// <param name="TimestampUnixNanoseconds">The record's timestamp.</param>
/// <param name="RecordUuid">The record.</param>
/// <param name="Step">The correction's step.</param>
public readonly record struct CorrectionPlace(long TimestampUnixNanoseconds, UInt128 RecordUuid, int Step);
