using Metering.Contracts.V1;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>Reads what a filter of rejected records asks for, within what the caller may see.</summary>
internal static class RejectionQuestions
{
    /// <summary>A page token that was given for nothing of the kind.</summary>
    public static readonly FieldFault NoToken = new("page_token", "is none that this question was given");

    /// <summary>The question; what is wrong with the filter is added to the faults.</summary>
    public static RejectedQuestion Read(RejectedFilter? filter, ReadScope scope, CatalogSnapshot catalog, List<FieldFault> faults)
    {
        filter ??= new RejectedFilter();
        Verdict? reason = null;
        if (filter.Reason.Length > 0)
        {
            reason = RejectionMessages.ReasonOf(filter.Reason);
            if (reason is null)
                faults.Add(new("filter.reason", $"is no reason; there are {string.Join(", ", RejectionMessages.ReasonNames)}"));
        }

        var question = new RejectedQuestion
        {
            Scope = RejectedScopes.Of(scope, catalog),
            OwnerKeys = RejectedScopes.OwnersOf(filter.ProductInstanceId, filter.BillingAccountId, catalog),
            SkuId = filter.SkuId.Length == 0 ? null : filter.SkuId,
            Reason = reason,
            FromUnixNanoseconds = Moments.ToUnixNanoseconds(filter.From, long.MinValue),
            ToUnixNanoseconds = Moments.ToUnixNanoseconds(filter.To, long.MaxValue),
        };
        if (question.FromUnixNanoseconds > question.ToUnixNanoseconds)
            faults.Add(new("filter.to", "is before from"));
        return question;
    }
}
