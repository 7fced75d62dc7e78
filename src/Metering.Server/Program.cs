using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Metering.Grpc;
using Metering.Ledger;
using Metering.Ledger.Postgres;
using Metering.Ledger.Sqlite;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Metering.Server;

/// <summary>The composition root: the one place that names a store and puts every part into its room.</summary>
public static class Program
{
    private static readonly DateTimeOffset Earliest = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero); // no clock in order reads less

    /// <summary>
    /// Changes the store's options before it opens. No setting leads here: bench/Metering.Faults and tests
    /// set it, in servers that they host, so that little is enough to be sealed and merged, and for controls.
    /// </summary>
    internal static Func<SqliteStoreOptions, SqliteStoreOptions> StoreOptions { get; set; } = options => options;

    /// <summary>Opens the data directory, applies the catalog and listens.</summary>
    /// <exception cref="StartException">Something stands in the way; the message says what, where and what to do.</exception>
    /// <exception cref="InvalidCatalogException">The catalog file has faults; nothing was changed.</exception>
    public static Task<MeteringServer> StartAsync(ServerOptions options, TimeProvider time, CancellationToken cancellationToken) =>
        StartAsync(options, time, LogToConsole, cancellationToken);

    /// <summary>The same, with the log sent where <paramref name="log"/> says.</summary>
    internal static async Task<MeteringServer> StartAsync(
        ServerOptions options, TimeProvider time, Action<ILoggingBuilder> log, CancellationToken cancellationToken)
    {
        Limits.Check();
        if (options.Faults() is { Count: > 0 } faults)
            throw new StartException(string.Join(Environment.NewLine, faults));
        string? catalogYaml = await ReadCatalogAsync(options, cancellationToken);
        DataDirectory data = DataDirectory.Open(options.Data);
        IMeteringStore? store = null;
        try
        {
            store = await OpenStoreAsync(options, data, time, cancellationToken);
            MeteringClock clock = await SetClockAsync(store.Ledger, options, time);
            return await ComposeAsync(options, time, log, data, store, clock, catalogYaml, cancellationToken);
        }
        catch (Exception fault)
        {
            if (store is not null)
                await store.DisposeAsync();
            data.Dispose();
            if (fault is StoreException)
                throw new StartException(fault.Message, fault);
            throw;
        }
    }

    /// <summary>Moves the ledger of a data directory into a database; see <see cref="LedgerMove"/>. The source is locked meanwhile.</summary>
    /// <exception cref="StartException">The source or the target stands in the way; nothing was moved.</exception>
    /// <exception cref="MoveBrokenException">It ended before its end; started again, it goes on.</exception>
    public static async Task<MoveReport> MigrateAsync(MigrationOptions options, IProgress<MoveProgress> progress, CancellationToken cancellationToken)
    {
        string file = options.LedgerFile;
        string folder = Path.GetDirectoryName(file)!;
        bool isOfServer = Path.GetFileName(file) == DataDirectory.LedgerName; // with a lock and a token beside it
        try
        {
            using DataDirectory? data = isOfServer ? DataDirectory.Open(folder, "--from") : null;
            string? adminToken = isOfServer && File.Exists(Path.Combine(folder, AdminToken.FileName)) ? AdminToken.LoadOrCreate(folder).Read() : null;
            await using ILedgerSource source = SqliteLedgerSource.Open(file);
            await using ILedgerTarget target = await PostgresLedgerTarget.OpenAsync(
                new PostgresStoreOptions(options.To) { IsUnsafeCommitAllowed = options.AllowUnsafeCommit }, cancellationToken);
            LedgerMove move = await LedgerMove.BeginAsync(source, target, adminToken, options.TransactionRecords, progress, cancellationToken);
            return await move.RunAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is StoreException or UnusableFileException)
        {
            throw new StartException(fault.Message, fault);
        }
    }

    /// <summary>Verifies the ledger of a data directory that no server has open, also one that no server would open; changes nothing.</summary>
    /// <param name="data">The directory, or the file of a ledger.</param>
    /// <param name="progress">Told, very often, how far it came.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StartException">There is no ledger, a server has it open, or it cannot be read at all; nothing was verified.</exception>
    public static VerifyReport Verify(string data, IProgress<VerifyStep> progress, CancellationToken cancellationToken)
    {
        string file = DataDirectory.LedgerAt(data);
        if (!File.Exists(file))
            throw new StartException($"There is no ledger at {file}. Name the data directory of a server, or the file of a ledger, with --data.");
        try
        {
            LedgerVerification found = ClosedLedger.Verify(
                StoreOptions(new SqliteStoreOptions(file)), new VerifySteps(progress), cancellationToken);
            return new VerifyReport(file, found.Records, found.Differences, found.AbsentArchives);
        }
        catch (StoreException fault)
        {
            throw new StartException(fault.Message, fault);
        }
    }

    private sealed class VerifySteps(IProgress<VerifyStep> progress) : IProgress<VerificationProgress>
    {
        public void Report(VerificationProgress value) => progress.Report(new VerifyStep(value.Checking, value.Done, value.Of));
    }

    private static async Task<IMeteringStore> OpenStoreAsync(
        ServerOptions options, DataDirectory data, TimeProvider time, CancellationToken cancellationToken) =>
        options.PostgresConnection is { } connection
            ? await PostgresStore.OpenAsync(
                new PostgresStoreOptions(connection)
                {
                    IsUnsafeCommitAllowed = options.AllowUnsafeCommit, Lanes = options.GroupsInFlight ?? Limits.GroupsInFlight, Rejections = options.Rejections,
                },
                cancellationToken)
            : SqliteStore.Open(
                StoreOptions(new SqliteStoreOptions(data.LedgerFile)
                {
                    RollUpDelay = options.AcceptanceWindow + options.FutureTolerance,
                    Rejections = options.Rejections,
                }),
                time);

    private static async Task<MeteringServer> ComposeAsync(
        ServerOptions options, TimeProvider time, Action<ILoggingBuilder> log, DataDirectory data, IMeteringStore store, MeteringClock clock,
        string? catalogYaml, CancellationToken cancellationToken)
    {
        // The catalog, and who may call.
        var catalog = new CatalogHolder();
        var registry = new CatalogRegistry(store.Catalog, catalog, time);
        await registry.LoadAsync(cancellationToken);
        IReadOnlyList<CatalogDifference> applied = await ApplyCatalogAsync(options, registry, catalog, catalogYaml, cancellationToken);
        AdminToken admin = await OpenAdminTokenAsync(data, store, cancellationToken);
        TokenAuthority tokens = await OpenTokensAsync(options, time, data, store, cancellationToken);
        var follower = new StoreFollower(store, registry, tokens, time);

        // The path.
        IAuthenticator authenticator = tokens;
        Authorizer authorizer = new();
        if (options.Emulator != EmulatorMode.Off)
        {
            authenticator = new EmulatorAuthenticator(tokens);
            authorizer = new EmulatorAuthorizer(options.Emulator);
        }

        var validator = new Validator(clock, options.AcceptanceWindow, options.FutureTolerance);
        AccountRate? rate = options.AccountRate is { } perSecond
            ? new AccountRate(perSecond, options.AccountBurst ?? perSecond, Limits.RatedAccounts, time)
            : null;
        var skew = new SkewWatch(clock, options.AcceptanceWindow, options.FutureTolerance, Limits.SkewAccounts);
        var duplicates = new DuplicateComparison(store.Records, store.Rejections, TimeProvider.System);
        var path = new WritePath(catalog, authenticator, authorizer, validator, store.Ledger, duplicates, rate, skew);

        // What listens. The advertised address is known for sure once the ports are bound.
        ServerTls? tls = options.ListenHttps is null ? null : ServerTls.Open(options, data.FullPath, time);
        ListenAddresses? bound = null;
        string Advertised() => AdvertisedEndpoint.Of(options, Volatile.Read(ref bound));
        var exchange = new Lazy<ITokenExchange>(() => MakeExchange(options, tokens, Advertised(), time));
        ExchangeRate? exchangeRate = options.ExchangeRate is { } exchanges ? new ExchangeRate(exchanges, Limits.RatedAddresses, time) : null;
        var gate = new AdminGate(admin, tls);
        var readers = new ReadGate(gate, authenticator, catalog, options.Emulator != EmulatorMode.Off);
        var rejections = new RejectionsRpc(catalog, store, duplicates, new SemaphoreSlim(1));
        var replaying = new RejectedReplaying(catalog, authorizer, validator, clock, store);
        RpcService[] services =
        [
            .. WriteRpc.Services(path),
            new IamTokenRpc(exchange, tokens, gate, catalog, exchangeRate).Service(),
            new ApiEndpointRpc(Advertised).Service(),
            new CatalogRpc(gate, registry, catalog).Service(),
            new SigningKeyRpc(gate, tokens).Service(),
            new UsageRpc(
                readers,
                new TotalsRpc(catalog, store.Totals, store.Ledger, store.Corrections),
                new LookUpRpc(catalog, store),
                new RecordsRpc(catalog, store),
                new FeedRpc(catalog, store, time),
                new ConsumersRpc(store, time),
                new ExportRpc(catalog, store, time),
                rejections,
                new ReplaysRpc(readers, catalog, replaying, rejections, store.Rejections, new SemaphoreSlim(1)),
                new CorrectionsRpc(readers, catalog, store, clock),
                new SkewRpc(catalog, skew),
                new StatementsRpc(catalog, store.Records, store.Corrections, clock, options.AcceptanceWindow + options.FutureTolerance),
                new VerifyRpc(readers, store.Ledger, time)).Service(),
            .. ArchiveRpc.Services(gate, store.Archives, clock, options.AcceptanceWindow + options.FutureTolerance),
        ];
        WebApplication application = BuildApplication(options, services, store.Ledger, tls, time, log);
        await ListenAsync(application, options, cancellationToken);
        Volatile.Write(ref bound, Listeners.Bound(application.Services.GetRequiredService<IServer>(), options));
        var retention = new RejectedRetention(store.Rejections, clock, time);
        return new MeteringServer(application, store, [follower, retention, duplicates], data, new SkewInstruments(skew), new ServerFacts(
            bound, Advertised(), data.FullPath, admin.Path, tls?.AuthorityPath, options.Emulator, catalog.Current.Stored.Version, applied,
            catalog.Current.FirstWritable is { } first ? new WriteExample(first.Account.Id, first.Instance.Id, first.Sku.Id) : null));
    }

    private static WebApplication BuildApplication(
        ServerOptions options, RpcService[] services, ILedger ledger, ServerTls? tls, TimeProvider time, Action<ILoggingBuilder> log)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        log(builder.Logging);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);

        // It quotes what was sent, which may be a token.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.BadRequests", LogLevel.None);
        // What one client does on its connection is no fault of the server: Kestrel calls an attack that it ended critical.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.Http2", LogLevel.None);

        // It says when requests begin and end, which nobody asks for; that it could costs each of them an activity and a scope.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);

        // What keeps it from starting is thrown, and put into words by the caller; the host would add a stack trace.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Limits.DrainTime);
        builder.Services.AddSingleton(time);
        builder.Services.AddHealthChecks().AddCheck("ledger", new LedgerHealth(ledger));
        var connections = new ConnectionGate(options.Connections, options.ConnectionsPerAddress); // one for all listeners
        var requests = new RequestGate(options.Wire);
        builder.Services.AddSingleton(connections).AddSingleton<ICallBudget>(requests);
        if (tls is not null)
            builder.Services.AddSingleton(tls).AddHostedService<TlsWatch>();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Listeners.Configure(kestrel, options, tls, connections));

        var health = new HealthService();
        health.SetServing("", isServing: true);
        foreach (RpcService service in services)
            health.SetServing(service.Descriptor.FullName, isServing: true);
        RpcService[] all = [.. services, health.Service, .. ReflectionService.About([.. services, health.Service])];
        builder.Services.AddSingleton(health);
        WebApplication application = builder.Build();
        application.Use(RequestIdMiddleware.InvokeAsync);
        application.Use(requests.InvokeAsync);
        application.UseRpc(new RpcServices(all));
        application.UseHealthChecks(Health.AlivePath, Health.Alive);
        application.UseHealthChecks(Health.ReadyPath, Health.Ready);
        application.Use(OpenApiDocument.Serve(services));
        application.Run(NotFound.AnswerAsync);
        return application;
    }

    private static void LogToConsole(ILoggingBuilder log)
    {
        log.AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ "));
        log.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    private static async Task ListenAsync(WebApplication application, ServerOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch (IOException fault)
        {
            await application.DisposeAsync();
            throw Listeners.Explain(fault, options);
        }
        catch (SocketException fault)
        {
            await application.DisposeAsync();
            throw Listeners.Explain(fault);
        }
    }

    // The nodes of one store have one admin token: that of the first. Each has it in its own directory.
    private static async Task<AdminToken> OpenAdminTokenAsync(DataDirectory data, IMeteringStore store, CancellationToken cancellationToken)
    {
        try
        {
            AdminToken own = AdminToken.LoadOrCreate(data.FullPath);
            return own.Become(await store.Credentials.AgreeOnAdminTokenAsync(own.Read(), cancellationToken));
        }
        catch (UnusableFileException fault)
        {
            throw new StartException($"No admin token: {fault.Message}", fault);
        }
    }

    private static async Task<TokenAuthority> OpenTokensAsync(
        ServerOptions options, TimeProvider time, DataDirectory data, IMeteringStore store, CancellationToken cancellationToken)
    {
        try
        {
            return await TokenAuthority.StartAsync(
                store.Credentials, time, new TokenOptions { Lifetime = options.TokenLifetime }, cancellationToken);
        }
        catch (CryptographicException fault)
        {
            string place = options.PostgresConnection is null ? data.LedgerFile : "the database";
            throw new StartException($"A key that signs tokens is damaged in {place}: restore it from a backup.", fault);
        }
    }

    // A clock that is plainly wrong would expire every record, or none.
    private static async Task<MeteringClock> SetClockAsync(ILedger ledger, ServerOptions options, TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (now < Earliest)
            throw new StartException($"The clock of this machine reads {now:u}, which cannot be. Set it (NTP), then start again.");
        DateTimeOffset seen = MeteringClock.ToDateTimeOffset(ledger.HighWaterUnixNanoseconds);
        if (now + Limits.ClockBehindTolerance >= seen)
            return new MeteringClock(time, ledger.HighWaterUnixNanoseconds);
        if (options.AcceptClock)
        {
            await ledger.SetHighWaterAsync(MeteringClock.ToUnixNanoseconds(now));
            return new MeteringClock(time, ledger.HighWaterUnixNanoseconds);
        }

        throw new StartException(
            $"The clock of this machine reads {now:u}, but the ledger has already seen {seen:u}. Set the clock (NTP). "
            + "If the ledger was the one that saw a wrong time, start once with --accept-clock.");
    }

    private static ITokenExchange MakeExchange(ServerOptions options, TokenAuthority tokens, string advertised, TimeProvider time)
    {
        var exchange = new AuthorizedKeyExchange(tokens, advertised, time);
        return options.Emulator == EmulatorMode.Off ? exchange : new EmulatorExchange(exchange, time, options.TokenLifetime);
    }

    private static async Task<string?> ReadCatalogAsync(ServerOptions options, CancellationToken cancellationToken)
    {
        if (options.Catalog is not { } file)
            return null;
        try
        {
            return await File.ReadAllTextAsync(file, cancellationToken);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"The catalog {file} cannot be read: {fault.Message}", fault);
        }
    }

    // The emulator without a catalog rehearses on the sample.
    private static async Task<IReadOnlyList<CatalogDifference>> ApplyCatalogAsync(
        ServerOptions options, CatalogRegistry registry, CatalogHolder catalog, string? yaml, CancellationToken cancellationToken)
    {
        string name = options.Catalog ?? SampleCatalog.Name;
        if (yaml is null && options.Emulator != EmulatorMode.Off && catalog.Current.Stored.Version == 0)
            yaml = SampleCatalog.Yaml;
        if (yaml is null)
            return [];
        CatalogApplication application = await registry.ApplyAsync(yaml, name, dryRun: false, cancellationToken);
        return application.Faults.Count == 0 ? application.Differences : throw new InvalidCatalogException(application.Faults);
    }
}
