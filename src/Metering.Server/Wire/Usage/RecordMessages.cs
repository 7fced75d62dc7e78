using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>Between records and the messages that show or ask for them.</summary>
internal static class RecordMessages
{
    private const long FirstSecond = -62_135_596_800; // protobuf's years 1 to 9999
    private const long LastSecond = 253_402_300_799;
    private const int NanosecondsPerSecond = 1_000_000_000;

    /// <summary>A record as it is shown.</summary>
    public static AcceptedRecord Describe(SeenRecord seen, RecordView view) => new()
    {
        Uuid = RecordUuid.Format(seen.Record.Uuid),
        ProductId = seen.Series.ProductId,
        ProductInstanceId = seen.Series.InstanceId,
        BillingAccountId = seen.Series.BillingAccountId,
        SkuId = seen.Series.SkuId,
        Unit = seen.Series.Unit,
        Quantity = seen.Record.Quantity,
        Timestamp = TimestampOf(seen.Record.TimestampUnixNanoseconds),
        Accepted = TimestampOf(seen.Record.AcceptedUnixNanoseconds),
        ServiceAccountId = view.AccountOf(seen.Record),
        RequestId = seen.Record.RequestId.ToString(),
    };

    /// <summary>What a filter asks for; what is wrong with it is added to the faults.</summary>
    public static RecordQuestion QuestionOf(RecordFilter? filter, List<FieldFault> faults)
    {
        if (filter is null)
            return RecordQuestion.Everything;
        var question = new RecordQuestion(
            filter.ProductId, filter.ProductInstanceId, filter.BillingAccountId, filter.SkuId,
            MomentOf(filter.From, "filter.from", faults), MomentOf(filter.To, "filter.to", faults));
        if (question.From > question.To)
            faults.Add(new("filter.to", "is before filter.from"));
        return question;
    }

    /// <summary>A page's size; what is wrong with it is added to the faults.</summary>
    public static int SizeOf(int given, List<FieldFault> faults)
    {
        if (given is < 0 or > Limits.PageRecords)
            faults.Add(new("page_size", $"is {given}; 1 to {Limits.PageRecords} are allowed, and 0 for {Limits.PageRecordsDefault}"));
        return given == 0 ? Limits.PageRecordsDefault : given;
    }

    /// <summary>A moment as protobuf says it.</summary>
    public static Timestamp TimestampOf(long unixNanoseconds)
    {
        (long seconds, long nanoseconds) = Math.DivRem(unixNanoseconds, NanosecondsPerSecond);
        return nanoseconds < 0
            ? new Timestamp { Seconds = seconds - 1, Nanos = (int)nanoseconds + NanosecondsPerSecond }
            : new Timestamp { Seconds = seconds, Nanos = (int)nanoseconds };
    }

    /// <summary>A moment; no record is before or after what 64 bits of nanoseconds can say.</summary>
    public static long? MomentOf(Timestamp? moment, string field, List<FieldFault> faults)
    {
        if (moment is null)
            return null;
        if (moment.Seconds is < FirstSecond or > LastSecond || moment.Nanos is < 0 or >= NanosecondsPerSecond)
            faults.Add(new(field, "is no moment of the years 1 to 9999"));
        Int128 nanoseconds = ((Int128)moment.Seconds * NanosecondsPerSecond) + moment.Nanos;
        return (long)Int128.Clamp(nanoseconds, long.MinValue, long.MaxValue);
    }
}
