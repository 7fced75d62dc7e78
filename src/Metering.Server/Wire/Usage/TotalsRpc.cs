using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;
using Dimension = Metering.Contracts.V1.QueryUsageRequest.Types.Dimension;
using Window = Metering.Contracts.V1.QueryUsageRequest.Types.Window;

namespace Metering.Server;

/// <summary>Totals of what was counted.</summary>
internal sealed class TotalsRpc(CatalogHolder catalog, ILedger ledger)
{
    private const int SecondsPerHour = 3600;

    /// <summary>Answers <c>QueryUsage</c>.</summary>
    public async ValueTask<RpcResult<QueryUsageResponse>> QueryUsageAsync(QueryUsageRequest request, RpcCall call)
    {
        var faults = new List<FieldFault>();
        var question = new UsageQuestion(
            new HourRange(HourOf(request.From, "from", long.MinValue, faults), HourOf(request.To, "to", long.MaxValue, faults)),
            WindowOf(request.Window, faults), DimensionsOf(request, faults),
            request.ProductId, request.ProductInstanceId, request.BillingAccountId, request.SkuId);
        if (question.Range.FromHour > question.Range.ToHour)
            faults.Add(new("to", "is before from"));
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));

        return Answer(await UsageReport.MakeAsync(question, ReadGate.ScopeOf(call), ledger, catalog, call.CancellationToken), question.Window);
    }

    private static QueryUsageResponse Answer(UsageReport report, UsageWindow window)
    {
        var answer = new QueryUsageResponse();
        foreach ((UsageSeries series, UsageSum sum) in report.Totals)
        {
            answer.Totals.Add(new UsageTotal
            {
                ProductId = series.ProductId,
                ProductInstanceId = series.InstanceId,
                BillingAccountId = series.BillingAccountId,
                SkuId = series.SkuId,
                Unit = series.Unit,
                WindowStart = window == UsageWindow.All ? null : new Timestamp { Seconds = series.WindowStartHour * SecondsPerHour },
                Quantity = sum.Quantity.ToString(),
                Records = sum.Records,
            });
        }

        foreach ((RejectionSeries series, long records) in report.Rejections
            .OrderBy(entry => entry.Key.BillingAccountId, StringComparer.Ordinal)
            .ThenBy(entry => entry.Key.InstanceId, StringComparer.Ordinal)
            .ThenBy(entry => entry.Key.Reason))
        {
            answer.Rejections.Add(new RejectionTotal
            {
                ProductInstanceId = series.InstanceId,
                BillingAccountId = series.BillingAccountId,
                Reason = UsageVerdictCodec.NameOf(series.Reason),
                Records = records,
            });
        }

        return answer;
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
            default:
                faults.Add(new("window", $"is {(int)window}; ALL, HOUR and DAY are known"));
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
