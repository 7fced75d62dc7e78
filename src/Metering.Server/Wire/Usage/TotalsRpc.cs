using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;
using Dimension = Metering.Contracts.V1.QueryUsageRequest.Types.Dimension;
using Window = Metering.Contracts.V1.QueryUsageRequest.Types.Window;

namespace Metering.Server;

/// <summary>Totals of what was counted.</summary>
internal sealed class TotalsRpc(CatalogHolder catalog, ITotalReader totals, ILedger ledger, ICorrections corrections)
{
    private const int SecondsPerHour = 3600;

    /// <summary>Answers <c>QueryUsage</c>.</summary>
    public async ValueTask<RpcResult<QueryUsageResponse>> QueryUsageAsync(QueryUsageRequest request, RpcCall call)
    {
        var faults = new List<FieldFault>();
        UsageQuestion question = QuestionOf(request, faults);
        byte[] asked = Asked(request);
        UsagePlace? after = AfterOf(request, asked, faults);
        int size = RecordMessages.SizeOf(request.PageSize, faults);
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));

        HourRange? bounds = UsageWindows.IsOpen(question) ? await totals.BoundsAsync(call.CancellationToken) : null;
        IReadOnlyList<long> edges = UsageWindows.EdgesOf(question, bounds, out FieldFault? fault);
        if (fault is { } found)
            return RefusalStatus.Of(Refusal.InvalidFields([found]));
        ReadScope scope = ReadGate.ScopeOf(call);
        var groups = new SeriesGroups(question, scope, catalog);
        UsagePage page = await UsagePage.MakeAsync(edges, groups, after, size, totals, call.CancellationToken);
        var answer = new QueryUsageResponse { NextPageToken = page.Next is { } next ? PageToken.Write(asked, next.ToBytes()) : "" };
        answer.Totals.AddRange(page.Sums.Select(sum => TotalOf(sum, question.Window)));
        if (after is not null)
            return answer;
        answer.Corrections.AddRange((await CorrectionTotals.MakeAsync(edges, groups, corrections, call.CancellationToken))
            .Select(sum => TotalOf(sum, question.Window)));
        answer.Rejections.AddRange((await RejectionTotals.MakeAsync(question.Range, question.Filter, scope, ledger, catalog, call.CancellationToken))
            .Select(RejectionOf));
        return answer;
    }

    private static UsageTotal TotalOf(UsageSum sum, UsageWindow window) => new()
    {
        ProductId = sum.Series.ProductId,
        ProductInstanceId = sum.Series.InstanceId,
        BillingAccountId = sum.Series.BillingAccountId,
        SkuId = sum.Series.SkuId,
        Unit = sum.Series.Unit,
        WindowStart = window == UsageWindow.All ? null : new Timestamp { Seconds = sum.Window.FromHour * SecondsPerHour },
        WindowEnd = window == UsageWindow.All ? null : new Timestamp { Seconds = sum.Window.ToHour * SecondsPerHour },
        Quantity = sum.Quantity.ToString(),
        Records = sum.Records,
    };

    private static RejectionTotal RejectionOf(RejectionSum sum) => new()
    {
        ProductInstanceId = sum.InstanceId,
        BillingAccountId = sum.BillingAccountId,
        Reason = UsageVerdictCodec.NameOf(sum.Reason),
        Records = sum.Records,
    };

    private static UsageQuestion QuestionOf(QueryUsageRequest request, List<FieldFault> faults)
    {
        var range = new HourRange(HourOf(request.From, "from", long.MinValue, faults), HourOf(request.To, "to", long.MaxValue, faults));
        UsageWindow window = WindowOf(request.Window, faults);
        UsageDimensions groupBy = DimensionsOf(request, faults);
        if (!UsageZone.TryFind(request.TimeZone, out UsageZone zone))
            faults.Add(new("time_zone", "names no time zone that this server knows; IANA names such as Europe/Moscow are"));
        if (range.FromHour > range.ToHour)
            faults.Add(new("to", "is before from"));
        return new UsageQuestion(
            range, window, zone, groupBy, new UsageFilter(request.ProductId, request.ProductInstanceId, request.BillingAccountId, request.SkuId));
    }

    // A page token belongs to one question, in pages of whatever size.
    private static byte[] Asked(QueryUsageRequest request)
    {
        QueryUsageRequest asked = request.Clone();
        (asked.PageToken, asked.PageSize) = ("", 0);
        return asked.ToByteArray();
    }

    private static UsagePlace? AfterOf(QueryUsageRequest request, byte[] asked, List<FieldFault> faults)
    {
        if (request.PageToken.Length == 0)
            return null;
        if (PageToken.TryRead(request.PageToken, asked, out byte[] bytes) && UsagePlace.TryRead(bytes, out UsagePlace place))
            return place;
        faults.Add(new("page_token", "is none that an answer to this question gave"));
        return null;
    }

    private static long HourOf(Timestamp? moment, string field, long whenMissing, List<FieldFault> faults)
    {
        if (moment is null)
            return whenMissing;
        if (moment.Nanos != 0 || moment.Seconds % SecondsPerHour != 0)
            faults.Add(new(field, "is not a full hour of UTC: totals are kept by the hour"));
        return moment.Seconds / SecondsPerHour;
    }

    private static UsageWindow WindowOf(Window window, List<FieldFault> faults)
    {
        switch (window)
        {
            case Window.All:
                return UsageWindow.All;
            case Window.Hour:
                return UsageWindow.Hour;
            case Window.Day:
                return UsageWindow.Day;
            case Window.Month:
                return UsageWindow.Month;
            default:
                faults.Add(new("window", $"is {(int)window}; ALL, HOUR, DAY and MONTH are known"));
                return UsageWindow.All;
        }
    }

    private static UsageDimensions DimensionsOf(QueryUsageRequest request, List<FieldFault> faults)
    {
        if (request.GroupBy.Count == 0)
            return UsageDimensions.All;
        var dimensions = UsageDimensions.None;
        for (int index = 0; index < request.GroupBy.Count; index++)
        {
            switch (request.GroupBy[index])
            {
                case Dimension.Product:
                    dimensions |= UsageDimensions.Product;
                    break;
                case Dimension.ProductInstance:
                    dimensions |= UsageDimensions.Instance;
                    break;
                case Dimension.BillingAccount:
                    dimensions |= UsageDimensions.BillingAccount;
                    break;
                case Dimension.Sku:
                    dimensions |= UsageDimensions.Sku;
                    break;
                default:
                    faults.Add(new($"group_by[{index}]", "names no dimension; PRODUCT, PRODUCT_INSTANCE, BILLING_ACCOUNT and SKU are known"));
                    break;
            }
        }

        return dimensions;
    }
}
