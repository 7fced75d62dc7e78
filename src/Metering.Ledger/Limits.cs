namespace Metering.Ledger;

/// <summary>
/// Every limit of the product, with its unit, in one place. The wire contract's own limits come from the published
/// protocol and never change; the others are defaults or bounds of options. How they must stand to each other is in <see cref="Relations"/>.
/// </summary>
public static partial class Limits
{
    // --- the wire contract ---

    /// <summary>Most records in one Write request.</summary>
    public const int RecordsPerWrite = 25;

    /// <summary>Longest <c>product_id</c>, <c>product_instance_id</c>, <c>sku_id</c> and any other id, in characters.</summary>
    public const int IdCharacters = 50;

    /// <summary>Length of a record's uuid, in characters.</summary>
    public const int UuidCharacters = 36;

    /// <summary>Longest JWT that is exchanged for a token, in characters.</summary>
    public const int JwtCharacters = 8000;

    /// <summary>Longest OAuth token field, in characters.</summary>
    public const int OAuthTokenCharacters = 4000;

    /// <summary>Longest IAM token, in characters.</summary>
    public const int IamTokenCharacters = 4096;

    // --- messages ---

    /// <summary>Deepest nesting of groups in the fields of a Write message that nobody knows.</summary>
    public const int UnknownGroupDepth = 100;

    /// <summary>Largest Write request message or body, in bytes.</summary>
    public const int WriteMessageBytes = 64 * 1024;

    /// <summary>Largest message of any other method, in bytes.</summary>
    public const int MessageBytes = 256 * 1024;

    /// <summary>Largest catalog document, in bytes.</summary>
    public const int CatalogBytes = 16 * 1024 * 1024;

    /// <summary>What a message that applies a catalog may hold beside the document, in bytes.</summary>
    public const int CatalogEnvelopeBytes = 4096;

    /// <summary>Deepest nesting of a catalog document.</summary>
    public const int CatalogDepth = 10;

    /// <summary>Longest name of a product, an account or a SKU in the catalog, in characters.</summary>
    public const int NameCharacters = 200;

    /// <summary>Longest name of a unit, in characters.</summary>
    public const int UnitCharacters = 50;

    /// <summary>Most faults of a catalog that suggest the name that may have been meant; looking for it takes time.</summary>
    public const int CatalogSuggestions = 100;

    /// <summary>Longest public key that can be registered, in characters of PEM.</summary>
    public const int PublicKeyCharacters = 8 * 1024;

    /// <summary>Longest admin token, in characters of its file.</summary>
    public const int AdminTokenCharacters = 256;

    /// <summary>Longest <c>x-client-request-id</c> that is echoed, in characters.</summary>
    public const int ClientRequestIdCharacters = 128;

    // --- time ---

    /// <summary>Age beyond which a record is EXPIRED, unless configured otherwise.</summary>
    public static readonly TimeSpan AcceptanceWindow = TimeSpan.FromHours(1);

    /// <summary>Lead beyond which a record's timestamp is INVALID_TIMESTAMP, unless configured otherwise.</summary>
    public static readonly TimeSpan FutureTolerance = TimeSpan.FromMinutes(1);

    /// <summary>Widest acceptance window that can be configured.</summary>
    public static readonly TimeSpan AcceptanceWindowMaximum = TimeSpan.FromDays(366);

    /// <summary>Clock difference that a client's JWT may show.</summary>
    public static readonly TimeSpan JwtSkew = TimeSpan.FromSeconds(30);

    /// <summary>Longest time between a client JWT's <c>iat</c> and <c>exp</c>.</summary>
    public static readonly TimeSpan JwtLifetime = TimeSpan.FromHours(1);

    /// <summary>Lifetime of an IAM token, unless configured otherwise.</summary>
    public static readonly TimeSpan IamTokenLifetime = TimeSpan.FromHours(12);

    /// <summary>Shortest lifetime of an IAM token that can be configured.</summary>
    public static readonly TimeSpan IamTokenLifetimeMinimum = TimeSpan.FromHours(1);

    /// <summary>Longest lifetime of an IAM token that can be configured.</summary>
    public static readonly TimeSpan IamTokenLifetimeMaximum = TimeSpan.FromDays(7);

    /// <summary>How far the clock may stand behind the ledger's high-water mark at start before it is refused.</summary>
    public static readonly TimeSpan ClockBehindTolerance = TimeSpan.FromMinutes(5);

    /// <summary>Time that requests in flight have to finish after SIGTERM.</summary>
    public static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(25);

    // --- queues and memory ---

    /// <summary>Most Write requests that wait for the ledger; one more is RESOURCE_EXHAUSTED.</summary>
    public const int LedgerQueueRequests = 16 * 1024;

    /// <summary>Group commits that one node of a shared store has under way at once, unless set otherwise.</summary>
    public const int GroupsInFlight = 3;

    /// <summary>Most group commits that one node may be told to have under way at once.</summary>
    public const int GroupsInFlightMaximum = 64;

    /// <summary>Most Write requests in one group commit.</summary>
    public const int GroupCommitRequests = 4 * 1024;

    /// <summary>Most Write requests that are kept, with their buffers, for the next call; more are left to the garbage collector.</summary>
    public const int PooledRequests = 4 * 1024;

    /// <summary>Largest buffer that a kept request keeps, in bytes; a larger one is given up.</summary>
    public const int PooledRequestBytes = 8 * 1024;

    /// <summary>Most verified tokens that are remembered.</summary>
    public const int VerifiedTokens = 100_000;

    /// <summary>Free space on the data directory's disk below which writes are refused, in bytes.</summary>
    public const long FreeDiskBytes = 64L * 1024 * 1024;

    // --- archives ---

    /// <summary>
    /// Youngest that records can be when they are archived. While a record can still come in for the hours that an archive
    /// tells of, or be disputed over night, its neighbours stay at hand. A wider acceptance window asks for more.
    /// </summary>
    public static readonly TimeSpan ArchiveAgeMinimum = TimeSpan.FromDays(1);

    /// <summary>Largest age that can be asked for.</summary>
    public static readonly TimeSpan ArchiveAgeMaximum = TimeSpan.FromDays(36_500);

    /// <summary>Bytes of records at which an archive is full; the group commit that reaches it is still in it.</summary>
    public const long ArchiveBytes = 128L * 1024 * 1024;

    /// <summary>Hourly totals at which an archive is full: they stay in the ledger.</summary>
    public const int ArchiveTotals = 100_000;

    /// <summary>Bytes of records that are dropped in one transaction: writes wait for so long.</summary>
    public const int ArchiveDropBytes = 1024 * 1024;

    /// <summary>Most records of an archive in one answer.</summary>
    public const int ArchivePageRecords = 1_000;

    // --- reading ---

    /// <summary>Most uuids that are looked up at once.</summary>
    public const int LookUpUuids = 1_000;

    /// <summary>Records in one answer that lists or feeds them, unless asked otherwise.</summary>
    public const int PageRecordsDefault = 1_000;

    /// <summary>Most records in one answer that lists or feeds them.</summary>
    public const int PageRecords = 10_000;

    /// <summary>
    /// Most records that one call looks at before it answers with what it found and the place to go on, if it leaves some out.
    /// </summary>
    public const int RecordsLookedAt = 100_000;

    /// <summary>Bytes of records at which an answer that lists or feeds them is full, below what every gRPC client takes.</summary>
    public const int RecordPageBytes = 2 * 1024 * 1024;

    /// <summary>Longest that a call waits for the next record.</summary>
    public static readonly TimeSpan FeedWait = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How much later than its own moment of acceptance a record can be committed, seen against its neighbours: the time
    /// between reading the clock and taking a place in the queue, with much to spare for a machine that stands still.
    /// </summary>
    public static readonly TimeSpan AcceptanceDisorder = TimeSpan.FromMinutes(2);

    /// <summary>Most places in the feed that one caller keeps under names.</summary>
    public const int FeedConsumers = 100;

    /// <summary>Longest name of such a place, in characters.</summary>
    public const int ConsumerNameCharacters = 50;

    /// <summary>Longest reason of a correction, in characters.</summary>
    public const int CorrectionReasonCharacters = 500;

    /// <summary>Longest name of who decided a correction, in characters.</summary>
    public const int CorrectionAuthorCharacters = 100;

    /// <summary>Records of a statement that are held in memory at once, at about 100 bytes each; more are read in several passes.</summary>
    public const int StatementRecords = 500_000;

    /// <summary>Most windows that totals are summed by in one question: eleven years of hours.</summary>
    public const int UsageWindows = 100_000;

    /// <summary>Longest name of a time zone, in characters.</summary>
    public const int TimeZoneCharacters = 64;

    // --- rejected records ---

    /// <summary>Time for which rejected records are kept, unless configured otherwise.</summary>
    public static readonly TimeSpan RejectedAge = TimeSpan.FromDays(30);

    /// <summary>Longest time that can be configured.</summary>
    public static readonly TimeSpan RejectedAgeMaximum = TimeSpan.FromDays(3_660);

    /// <summary>Bytes that rejected records take at most, unless configured otherwise; the oldest are dropped beyond.</summary>
    public const long RejectedBytes = 256L * 1024 * 1024;

    /// <summary>Fewest bytes that can be configured.</summary>
    public const long RejectedBytesMinimum = 1024 * 1024;

    /// <summary>Most bytes that can be configured.</summary>
    public const long RejectedBytesMaximum = 1024L * 1024 * 1024 * 1024;

    /// <summary>Longest text of a rejected record (uuid, SKU, product) that is kept whole, in bytes; of a longer one its beginning.</summary>
    public const int RejectedTextBytes = 256;

    /// <summary>Rejected records that are dropped in one transaction: writes wait for so long.</summary>
    public const int RejectedDropRecords = 5_000;

    /// <summary>Rejections of one uuid that are shown.</summary>
    public const int RejectionsPerUuid = 10;

    /// <summary>Rejected records that are gone through for one page; the next page goes on where it ended, even with none found.</summary>
    public const int RejectedPageExamined = 100_000;

    /// <summary>Rejected records that are summed up, newest first; the sums say how far they reach.</summary>
    public const int RejectedSummaryRecords = 1_000_000;

    /// <summary>Rejected records, by uuid, that are judged anew at once.</summary>
    public const int ReplayRecords = 10_000;

    /// <summary>Longest name of an operator and longest reason for a decision, in characters.</summary>
    public const int DecisionCharacters = 200;

    // --- duplicates ---

    /// <summary>Write requests whose duplicates wait to be compared with what was counted; one more is answered without.</summary>
    public const int ComparisonsWaiting = 8;

    /// <summary>Time for which duplicates are compared without a rest; beyond, they are for a quarter of the time.</summary>
    public static readonly TimeSpan ComparisonBurst = TimeSpan.FromSeconds(1);

    // --- what is in flight ---

    /// <summary>Most requests served at once, on all connections together; one more is refused at once.</summary>
    public const int RequestsInFlight = 8 * 1024;

    /// <summary>The same for one address, so that none can take what is everybody's.</summary>
    public const int RequestsInFlightPerAddress = 2 * 1024;

    /// <summary>Most requests beyond that whose refusal waits to be read, in all and for one address; one more is cut off unanswered.</summary>
    public const int RefusalsInFlight = 1024;

    /// <summary>Most bytes of request messages that all requests hold together, those of up to 4 KiB not counted.</summary>
    public const long MessageBytesInFlight = 64L * 1024 * 1024;

    /// <summary>The same for one address.</summary>
    public const long MessageBytesInFlightPerAddress = 24L * 1024 * 1024;

    /// <summary>Most streaming calls (health watches, reflection) open at once.</summary>
    public const int StreamingCalls = 1024;

    /// <summary>The same for one address.</summary>
    public const int StreamingCallsPerAddress = 128;

    // --- connections ---

    /// <summary>Most connections open at once on all listeners together, unless configured otherwise; one more is closed unanswered.</summary>
    public const int Connections = 4096;

    /// <summary>
    /// Most connections open at once from one address (IPv6: from one /64 network), unless configured otherwise. Behind a
    /// proxy every client has the proxy's address.
    /// </summary>
    public const int ConnectionsPerAddress = 256;

    /// <summary>
    /// Most of them that speak HTTP/2, unless configured otherwise; one more is told so by GOAWAY and closed. All streams of
    /// one address fit into its requests in flight.
    /// </summary>
    public const int Http2ConnectionsPerAddress = 16;

    /// <summary>Most connections that can be configured, in all and per address.</summary>
    public const int ConnectionsMaximum = 100_000;

    /// <summary>Most requests at once on one HTTP/2 connection; more are refused with REFUSED_STREAM.</summary>
    public const int StreamsPerConnection = 100;

    /// <summary>Longest request line of HTTP/1.1, in bytes.</summary>
    public const int RequestLineBytes = 8 * 1024;

    /// <summary>Largest header section of a request, names and values together, in bytes.</summary>
    public const int RequestHeadersBytes = 16 * 1024;

    /// <summary>Largest header field of an HTTP/2 request, name and value together, in bytes.</summary>
    public const int RequestHeaderFieldBytes = 8 * 1024;

    /// <summary>Most header fields of a request.</summary>
    public const int RequestHeaders = 64;

    /// <summary>Largest dynamic table of HPACK that a client may fill, in bytes.</summary>
    public const int HeaderTableBytes = 4 * 1024;

    /// <summary>Largest HTTP/2 frame that a client may send, in bytes of its payload.</summary>
    public const int FrameBytes = 16 * 1024;

    /// <summary>
    /// HTTP/2 frames that bring no request forward (PING, SETTINGS, PRIORITY, empty ones) that a connection may send at once.
    /// A request begun counts for two of them, a stream reset for six; a request sent to its end gives six back.
    /// </summary>
    public const int ControlFrames = 1_000;

    /// <summary>How many more of them a connection may send, in frames per second.</summary>
    public const int ControlFramesPerSecond = 200;

    /// <summary>Time in which no new connection is taken from an address that flooded one.</summary>
    public static readonly TimeSpan FloodPause = TimeSpan.FromSeconds(5);

    /// <summary>Most addresses that have to pause at once.</summary>
    public const int PausedAddresses = 10_000;

    /// <summary>Most that a client may send ahead on one HTTP/2 stream before the server has read it, in bytes.</summary>
    public const int StreamWindowBytes = 96 * 1024;

    /// <summary>Most that a client may send ahead on one HTTP/2 connection, all streams together, in bytes.</summary>
    public const int ConnectionWindowBytes = 128 * 1024;

    /// <summary>Most of an HTTP/1.1 request that is held before it is read, in bytes.</summary>
    public const int RequestBufferBytes = 64 * 1024;

    /// <summary>Most of an answer that is held for a client that does not read it, in bytes; the writer waits beyond.</summary>
    public const int ResponseBufferBytes = 64 * 1024;

    /// <summary>Time that a client has for the headers of a request, from its first byte (HTTP/1.1) or HEADERS frame.</summary>
    public static readonly TimeSpan RequestHeadersTime = TimeSpan.FromSeconds(10);

    /// <summary>Time that a client has for the TLS handshake.</summary>
    public static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(10);

    /// <summary>Time after which a connection without a request is closed.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(2);

    /// <summary>Silence on an HTTP/2 connection after which the server asks whether anybody is there.</summary>
    public static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(30);

    /// <summary>Longest that the server waits for a connection to take in that it is refused.</summary>
    public static readonly TimeSpan RefusalTime = TimeSpan.FromSeconds(1);

    /// <summary>Time that the client has to answer that ping before the connection is closed.</summary>
    public static readonly TimeSpan PingTime = TimeSpan.FromSeconds(20);

    /// <summary>Slowest that a client may send a request's body, in bytes per second, once the grace is over; slower is closed.</summary>
    public const int RequestBytesPerSecond = 240;

    /// <summary>Slowest that a client may read an answer, in bytes per second, once the grace is over; slower is closed.</summary>
    public const int ResponseBytesPerSecond = 240;

    /// <summary>Time that a slow sender or a slow reader has before its rate counts.</summary>
    public static readonly TimeSpan DataRateGrace = TimeSpan.FromSeconds(5);

    // --- requests of one account ---

    /// <summary>Highest rate of Write requests per account that can be configured, in requests per second. There is none by default.</summary>
    public const int AccountRateMaximum = 100_000;

    /// <summary>Largest burst of Write requests per account that can be configured, in requests.</summary>
    public const int AccountBurstMaximum = 1_000_000;

    /// <summary>Most accounts whose rate is remembered at once; one more waits until another has paused.</summary>
    public const int RatedAccounts = 100_000;

    // --- token exchange ---

    /// <summary>Token exchanges per second that one address may ask for, unless configured otherwise; an SDK needs one in 20 s at most.</summary>
    public const int ExchangeRate = 500;

    /// <summary>Highest rate of token exchanges that can be configured, in requests per second.</summary>
    public const int ExchangeRateMaximum = 100_000;

    /// <summary>Seconds' worth of exchanges that an address may ask for at once after a pause.</summary>
    public const int ExchangeBurstSeconds = 4;

    /// <summary>Most addresses whose exchanges are remembered at once; one more waits until another has paused.</summary>
    public const int RatedAddresses = 100_000;

    // --- skew of timestamps ---

    /// <summary>Most accounts whose timestamps are measured at once, at about 20 KiB each; of one more, records are only counted.</summary>
    public const int SkewAccounts = 1_000;

    /// <summary>
    /// Part of the acceptance window, and of the future tolerance, in percent, beyond which the sender of an accepted record is
    /// warned.
    /// </summary>
    public const int SkewWarningPercent = 80;
}
