namespace Metering.Client;

/// <summary>Where the server is, who calls it, and how patiently. Checked as a whole when a client is made.</summary>
public sealed class MeteringClientOptions
{
    /// <summary>Where <c>metering serve</c> answers gRPC without TLS unless told otherwise.</summary>
    public const string DefaultAddress = "http://127.0.0.1:8081";

    /// <summary>Default of <see cref="AttemptsMaximum"/>.</summary>
    public const int DefaultAttemptsMaximum = 8;

    /// <summary>Default of <see cref="ConcurrentRequests"/>.</summary>
    public const int DefaultConcurrentRequests = 8;

    /// <summary>Default of <see cref="ConnectTimeout"/>.</summary>
    public static readonly TimeSpan DefaultConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Default of <see cref="RequestTimeout"/>.</summary>
    public static readonly TimeSpan DefaultRequestTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Default of <see cref="BackoffInitial"/>.</summary>
    public static readonly TimeSpan DefaultBackoffInitial = TimeSpan.FromMilliseconds(100);

    /// <summary>Default of <see cref="BackoffMaximum"/>.</summary>
    public static readonly TimeSpan DefaultBackoffMaximum = TimeSpan.FromSeconds(10);

    /// <summary>The server: <c>http://host:port</c> (HTTP/2 without TLS) or <c>https://host:port</c>.</summary>
    public string Address { get; set; } = DefaultAddress;

    /// <summary>PEM file of the certificate authorities to trust instead of the machine's; null: the machine's.</summary>
    public string? CertificateAuthorityFile { get; set; }

    /// <summary>
    /// PEM file of the certificate, with its chain, that this client shows over TLS; null: none. A server that asks for it
    /// (its admin-client-ca) takes administrative calls from no other. Goes with <see cref="ClientKeyFile"/>.
    /// </summary>
    public string? ClientCertificateFile { get; set; }

    /// <summary>PEM file of the private key of <see cref="ClientCertificateFile"/>, not encrypted.</summary>
    public string? ClientKeyFile { get; set; }

    /// <summary>
    /// Authorized key file that tokens are exchanged for. At most one of this, <see cref="Key"/> and
    /// <see cref="Token"/>.
    /// </summary>
    public string? KeyFile { get; set; }

    /// <summary>Authorized key that tokens are exchanged for.</summary>
    public AuthorizedKeyFile? Key { get; set; }

    /// <summary>An IAM token, used as it is and never refreshed.</summary>
    public string? Token { get; set; }

    /// <summary>The admin token, which catalog calls carry, and reading calls if it is set: it sees everything.</summary>
    public string? AdminToken { get; set; }

    /// <summary>
    /// The <c>aud</c> of the JWT; null: <c>https://iam.&lt;host[:port] of the address&gt;/iam/v1/tokens</c> together with
    /// the published <c>https://iam.api.cloud.yandex.net/iam/v1/tokens</c>, so that it holds whatever host the server advertises.
    /// </summary>
    public string? TokenAudience { get; set; }

    /// <summary>Longest wait for a connection: 100 ms to 5 min.</summary>
    public TimeSpan ConnectTimeout { get; set; } = DefaultConnectTimeout;

    /// <summary>Deadline of one attempt: 100 ms to 10 min.</summary>
    public TimeSpan RequestTimeout { get; set; } = DefaultRequestTimeout;

    /// <summary>Attempts at one request, the first included: 1 to 100.</summary>
    public int AttemptsMaximum { get; set; } = DefaultAttemptsMaximum;

    /// <summary>Longest wait before the second attempt; it doubles with each further one. 1 ms to 1 min.</summary>
    public TimeSpan BackoffInitial { get; set; } = DefaultBackoffInitial;

    /// <summary>What the wait grows to: <see cref="BackoffInitial"/> to 10 min. A wait that the server asks for comes on top.</summary>
    public TimeSpan BackoffMaximum { get; set; } = DefaultBackoffMaximum;

    /// <summary>
    /// Whether to try again when the server was never reached. True suits a service that may start before the server;
    /// false suits a person at a terminal, for whom a wrong address should fail at once.
    /// </summary>
    public bool RetryFirstConnection { get; set; } = true;

    /// <summary>Write requests under way at a time: 1 to 256.</summary>
    public int ConcurrentRequests { get; set; } = DefaultConcurrentRequests;

    /// <summary>
    /// Told what the server warns of beside the verdicts of a Write: that records come close to being refused for their
    /// timestamps. Called on any thread, for each such answer; must not throw.
    /// </summary>
    public Action<string>? Warned { get; set; }

    /// <summary>Where the time comes from.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Seeded source of the jitter, for tests; null: the cryptographic one.</summary>
    public Random? Random { get; set; }

    /// <summary>Every fault of the options, in words; empty when they are good. Files are not read here.</summary>
    public IReadOnlyList<string> FindFaults()
    {
        var faults = new List<string>();
        if (!Uri.TryCreate(Address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
            faults.Add($"Address is '{Address}': expected http://HOST:PORT or https://HOST:PORT.");
        else if (uri.PathAndQuery != "/" || uri.UserInfo.Length > 0)
            faults.Add($"Address is '{Address}': expected a scheme, a host and a port, and nothing after them.");
        if (new object?[] { KeyFile, Key, Token }.Count(identity => identity is not null) > 1)
            faults.Add("More than one of KeyFile, Key and Token is set: choose one.");
        if (ClientCertificateFile is null != ClientKeyFile is null)
            faults.Add("ClientCertificateFile and ClientKeyFile go together: set both, or neither.");
        CheckToken(faults, nameof(Token), Token);
        CheckToken(faults, nameof(AdminToken), AdminToken);
        CheckRange(faults, nameof(ConnectTimeout), ConnectTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
        CheckRange(faults, nameof(RequestTimeout), RequestTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        CheckRange(faults, nameof(BackoffInitial), BackoffInitial, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        CheckRange(faults, nameof(BackoffMaximum), BackoffMaximum, BackoffInitial, TimeSpan.FromMinutes(10));
        CheckRange(faults, nameof(AttemptsMaximum), AttemptsMaximum, 1, 100);
        CheckRange(faults, nameof(ConcurrentRequests), ConcurrentRequests, 1, 256);
        return faults;
    }

    // A header value with a line break or a space would fail deep in the transport, with the secret in the message.
    private static void CheckToken(List<string> faults, string name, string? token)
    {
        if (token is not null && (token.Length == 0 || !token.All(character => character is > ' ' and < '\x7f')))
            faults.Add($"{name} is empty or holds characters that no token has (spaces, line breaks, non-ASCII).");
    }

    private static void CheckRange<T>(List<string> faults, string name, T value, T minimum, T maximum)
        where T : IComparable<T>
    {
        if (value.CompareTo(minimum) < 0 || value.CompareTo(maximum) > 0)
            faults.Add($"{name} is {value}: expected {minimum} to {maximum}.");
    }
}
