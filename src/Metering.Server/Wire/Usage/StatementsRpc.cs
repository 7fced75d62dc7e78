using System.Globalization;
using System.Text;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>Statements: what was counted for an owner in a period for which no more records can come.</summary>
/// <param name="catalog">The names.</param>
/// <param name="records">The records.</param>
/// <param name="corrections">Corrections of them.</param>
/// <param name="clock">The clock by which records are accepted.</param>
/// <param name="closing">How long after a moment records of it may still be accepted.</param>
internal sealed class StatementsRpc(
    CatalogHolder catalog, IRecordReader records, ICorrections corrections, MeteringClock clock, TimeSpan closing)
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    // Years that a record's timestamp can name.
    private const int FirstYear = 1678;
    private const int LastYear = 2261;

    private static readonly Refusal Changing = new(
        RefusalKind.Conflict, "Records were added to the period while its statement was made, by an operator's decision. Ask again.");

    /// <summary>Answers <c>GetStatement</c>.</summary>
    public async ValueTask<RpcResult<GetStatementResponse>> GetStatementAsync(GetStatementRequest request, RpcCall call)
    {
        var faults = new List<FieldFault>();
        (long from, long to) = PeriodOf(request, faults);
        ReadScope scope = ReadGate.ScopeOf(call);
        (string instanceId, string billingAccountId) = OwnerOf(request, scope, faults);
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));
        if (NotClosed(to) is { } refusal)
            return RefusalStatus.Of(refusal);

        var question = new RecordQuestion(string.Empty, instanceId, billingAccountId, string.Empty, from, to);
        var view = new RecordView(scope, question, catalog);
        if (await StatementContent.MakeAsync(view, records, Limits.StatementRecords, call.CancellationToken) is not { } content)
            return RefusalStatus.Of(Changing);
        return new GetStatementResponse
        {
            Statement = new Statement
            {
                BillingAccountId = billingAccountId,
                ProductInstanceId = instanceId,
                From = RecordMessages.TimestampOf(from),
                To = RecordMessages.TimestampOf(to),
                Totals = { content.Sums.Select(TotalOf) },
                Records = content.Records,
                Sha256 = content.Sha256,
                Corrections = { (await StatementContent.CorrectionsAsync(view, corrections, call.CancellationToken)).Select(TotalOf) },
            },
        };
    }

    private static StatementTotal TotalOf(StatementSum sum) => new()
    {
        ProductId = sum.ProductId, SkuId = sum.SkuId, Unit = sum.Unit, Quantity = sum.Quantity.ToString(CultureInfo.InvariantCulture), Records = sum.Records,
    };

    private Refusal? NotClosed(long to)
    {
        Int128 closed = (Int128)to + (closing.Ticks * 100);
        return clock.ReadUnixNanoseconds() >= closed
            ? null
            : new Refusal(
                RefusalKind.NotReady,
                $"The period ends at {TextOf(to)}, and records of it are accepted until {TextOf((long)Int128.Min(closed, long.MaxValue))}: "
                + "it has a statement from then on.");
    }

    // An instance that the caller may not see is answered as an id that nobody has: as a billing account without usage.
    private (string InstanceId, string BillingAccountId) OwnerOf(GetStatementRequest request, ReadScope scope, List<FieldFault> faults)
    {
        (string instanceId, string billingAccountId, string owner) = (request.ProductInstanceId, request.BillingAccountId, request.OwnerId);
        if (owner.Length > 0 && (instanceId.Length > 0 || billingAccountId.Length > 0))
            faults.Add(new("owner_id", "is given beside billing_account_id or product_instance_id: it stands for one of them"));
        else if (owner.Length == 0 && instanceId.Length == 0 && billingAccountId.Length == 0)
            faults.Add(new("owner_id", "is required, or billing_account_id, or product_instance_id"));
        if (owner.Length == 0)
            return (instanceId, billingAccountId);
        CatalogSnapshot current = catalog.Current;
        return current.FindInstance(Encoding.UTF8.GetBytes(owner)) is { } instance && scope.CoversOwner(instance.Key, current)
            ? (owner, string.Empty)
            : (string.Empty, owner);
    }

    private static (long From, long To) PeriodOf(GetStatementRequest request, List<FieldFault> faults)
    {
        if (!UsageZone.TryFind(request.TimeZone, out UsageZone zone))
            faults.Add(new("time_zone", "names no time zone that this server knows; IANA names such as Europe/Moscow are"));
        if (request.Month.Length > 0)
            return MonthOf(request, zone, faults);
        long? from = RecordMessages.MomentOf(request.From, "from", faults), to = RecordMessages.MomentOf(request.To, "to", faults);
        if (from is null || to is null)
            faults.Add(new("month", "is required, such as 2026-10, or from and to"));
        else if (from >= to)
            faults.Add(new("to", "is not after from"));
        return (from ?? 0, to ?? 0);
    }

    private static (long From, long To) MonthOf(GetStatementRequest request, UsageZone zone, List<FieldFault> faults)
    {
        if (request.From is not null || request.To is not null)
            faults.Add(new("month", "is given beside from or to: it stands for both"));
        if (!DateOnly.TryParseExact(request.Month, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly first)
            || first.Year is < FirstYear or > LastYear)
        {
            faults.Add(new("month", $"is no month of the years {FirstYear} to {LastYear}, such as 2026-10"));
            return (0, 0);
        }

        return (zone.StartOf(first) * NanosecondsPerSecond, zone.StartOf(first.AddMonths(1)) * NanosecondsPerSecond);
    }

    private static string TextOf(long unixNanoseconds) =>
        MeteringClock.ToDateTimeOffset(unixNanoseconds).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
