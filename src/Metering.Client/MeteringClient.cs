using System.Runtime.CompilerServices;
using Yandex.Cloud.Iam.V1;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Client;

/// <summary>
/// Writes usage to a metering server: any number of records, each with its verdict, safely retried. Make one and keep
/// it: it holds the connection and the token. Safe for concurrent use.
/// </summary>
public sealed partial class MeteringClient : IDisposable
{
    private readonly MeteringClientOptions _options;
    private readonly RpcCaller _rpc;
    private readonly RetryingCaller _caller;
    private readonly ITokenSource _account;
    private readonly ITokenSource _administrator;
    private readonly ITokenSource _reader;
    private readonly ResumedStream _streams;
    private readonly Func<AuthorizedKeyFile, CancellationToken, Task<IamToken>> _exchange;

    /// <summary>Makes a client. Nothing is sent before the first call.</summary>
    /// <param name="options">Where, who and how; not to be changed afterwards.</param>
    /// <exception cref="InvalidClientOptionsException">The options are wrong; every fault is named.</exception>
    /// <exception cref="KeyFileException">The key file is wrong or cannot be read.</exception>
    public MeteringClient(MeteringClientOptions options)
        : this(options, (delay, cancellationToken) => Task.Delay(delay, options.TimeProvider, cancellationToken))
    {
    }

    internal MeteringClient(MeteringClientOptions options, Func<TimeSpan, CancellationToken, Task> wait)
    {
        if (options.FindFaults() is { Count: > 0 } faults)
            throw new InvalidClientOptionsException(faults);
        _options = options;
        var address = new Uri(options.Address);
        AuthorizedKeyFile? key = options.Key ?? (options.KeyFile is { } file ? AuthorizedKeyFile.Read(file) : null);
        _rpc = new RpcCaller(
            Transport.Create(options, address), address, options.ConnectTimeout, options.RequestTimeout, options.TimeProvider, options.Warned);
        var policy = new RetryPolicy(options);
        _caller = new RetryingCaller(_rpc, policy, wait);
        _streams = new ResumedStream(_rpc, policy, wait);
        string[] audiences = options.TokenAudience is { } audience ? [audience]
            : [SignedJwt.AudienceOf(address), SignedJwt.PublishedAudience];
        _exchange = (key, cancellationToken) => ExchangeAsync(key, audiences, cancellationToken);
        _account =
            key is not null ? new ExchangedToken(() => _exchange(key, CancellationToken.None), options.TimeProvider)
            : options.Token is not null ? new FixedToken(options.Token)
            : new MissingToken("Writing needs an identity: set KeyFile (--key FILE) or Token (--token TOKEN).");
        _administrator = options.AdminToken is not null
            ? new FixedToken(options.AdminToken)
            : new MissingToken("This needs the admin token: set AdminToken (--data DIR of the server, or --admin-token-file FILE).");
        _reader = options.AdminToken is not null ? _administrator
            : key is not null || options.Token is not null ? _account
            : new MissingToken("Reading needs an identity: set AdminToken (--data DIR of the server), KeyFile (--key FILE) or Token (--token TOKEN).");
    }

    /// <summary>Writes usage of a product instance, called with a service account of the publisher.</summary>
    /// <param name="productInstanceId">The customer's activated copy of the product.</param>
    /// <param name="records">Any number of records. Keep their uuids to send them again after a failure.</param>
    /// <param name="dryRun">Judge only, record nothing.</param>
    /// <param name="progress">Told after each request.</param>
    /// <param name="cancellationToken">Gives up; what is under way may still be counted.</param>
    /// <returns>The verdicts, in the order of the records, and the failure of a request, if one failed.</returns>
    public Task<WriteResult> WriteProductUsageAsync(
        string productInstanceId, IEnumerable<UsageRecord> records, bool dryRun = false, IProgress<WriteProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        CollectAsync(WriteProductUsageAsync(productInstanceId, Stream(records), dryRun, progress, cancellationToken));

    /// <summary>Writes usage of a product instance from a stream, in constant memory. For the parameters see the other overload.</summary>
    /// <exception cref="MeteringException">
    /// A request failed. Thrown after every verdict that is known; the failed request's records came out as
    /// <see cref="WriteOutcome.Failed"/>.
    /// </exception>
    public IAsyncEnumerable<RecordVerdict> WriteProductUsageAsync(
        string productInstanceId, IAsyncEnumerable<UsageRecord> records, bool dryRun = false, IProgress<WriteProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        WriteAsync(records, progress, SendProductUsage(productInstanceId, dryRun), cancellationToken);

    /// <summary>Writes usage of an image product, called with a service account of the customer.</summary>
    /// <param name="productId">The product.</param>
    /// <param name="records">Any number of records. Keep their uuids to send them again after a failure.</param>
    /// <param name="validateOnly">Judge only, record nothing.</param>
    /// <param name="progress">Told after each request.</param>
    /// <param name="cancellationToken">Gives up; what is under way may still be counted.</param>
    /// <returns>The verdicts, in the order of the records, and the failure of a request, if one failed.</returns>
    public Task<WriteResult> WriteImageProductUsageAsync(
        string productId, IEnumerable<UsageRecord> records, bool validateOnly = false, IProgress<WriteProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        CollectAsync(WriteImageProductUsageAsync(productId, Stream(records), validateOnly, progress, cancellationToken));

    /// <summary>Writes usage of an image product from a stream, in constant memory. For the parameters see the other overload.</summary>
    /// <exception cref="MeteringException">
    /// A request failed. Thrown after every verdict that is known; the failed request's records came out as
    /// <see cref="WriteOutcome.Failed"/>.
    /// </exception>
    public IAsyncEnumerable<RecordVerdict> WriteImageProductUsageAsync(
        string productId, IAsyncEnumerable<UsageRecord> records, bool validateOnly = false, IProgress<WriteProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        WriteAsync(records, progress, SendImageProductUsage(productId, validateOnly), cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _rpc.Dispose();

    private SendChunk SendProductUsage(string productInstanceId, bool dryRun) => async (records, cancellationToken) =>
    {
        var request = new WriteUsageRequest { ProductInstanceId = productInstanceId, DryRun = dryRun, UsageRecords = { records } };
        Answer<WriteUsageResponse> answer = await _caller.CallAsync(Methods.WriteProductUsage, request, _account, cancellationToken);
        // A dry run counts nothing, so that no repetition can be its echo.
        return VerdictMatch.Match(records, answer.Message.Accepted, answer.Message.Rejected, answer.MayRepeat && !dryRun);
    };

    private SendChunk SendImageProductUsage(string productId, bool validateOnly) => async (records, cancellationToken) =>
    {
        var request = new WriteImageProductUsageRequest { ProductId = productId, ValidateOnly = validateOnly, UsageRecords = { records } };
        Answer<WriteImageProductUsageResponse> answer =
            await _caller.CallAsync(Methods.WriteImageProductUsage, request, _account, cancellationToken);
        return VerdictMatch.Match(records, answer.Message.Accepted, answer.Message.Rejected, answer.MayRepeat && !validateOnly);
    };

    private async IAsyncEnumerable<RecordVerdict> WriteAsync(
        IAsyncEnumerable<UsageRecord> records, IProgress<WriteProgress>? progress, SendChunk send,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var writer = new UsageWriter(send, _options.ConcurrentRequests, _options.TimeProvider);
        var counts = default(WriteProgress);
        await foreach (RecordVerdict verdict in writer.WriteAsync(records, cancellationToken))
        {
            counts = counts.Add(verdict.Outcome);
            if (counts.Total % UsageWriter.RecordsPerRequest == 0)
                progress?.Report(counts);
            yield return verdict;
        }

        progress?.Report(counts);
    }

    private static async Task<WriteResult> CollectAsync(IAsyncEnumerable<RecordVerdict> stream)
    {
        var verdicts = new List<RecordVerdict>();
        var counts = default(WriteProgress);
        MeteringException? failure = null;
        try
        {
            await foreach (RecordVerdict verdict in stream)
            {
                verdicts.Add(verdict);
                counts = counts.Add(verdict.Outcome);
            }
        }
        catch (MeteringException fault)
        {
            failure = fault;
        }

        return new WriteResult(verdicts, counts, failure);
    }

#pragma warning disable CS1998 // A list never waits, but travels the same way as a stream.
    private static async IAsyncEnumerable<UsageRecord> Stream(IEnumerable<UsageRecord> records)
    {
        foreach (UsageRecord record in records)
            yield return record;
    }
#pragma warning restore CS1998

    private async Task<IamToken> ExchangeAsync(AuthorizedKeyFile key, IReadOnlyList<string> audiences, CancellationToken cancellationToken)
    {
        var request = new CreateIamTokenRequest { Jwt = SignedJwt.Create(key, audiences, _options.TimeProvider.GetUtcNow()) };
        try
        {
            CreateIamTokenResponse answer =
                (await _caller.CallAsync(Methods.CreateToken, request, FixedToken.None, cancellationToken)).Message;
            return new IamToken(
                answer.IamToken, answer.ExpiresAt?.ToDateTimeOffset() ?? _options.TimeProvider.GetUtcNow() + SignedJwt.Lifetime);
        }
        catch (MeteringException failure)
        {
            // A token that nobody got changes nothing: the call that needed it was not made.
            failure.OutcomeIsUnknown = false;
            throw;
        }
    }
}
