using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>Where settings come from, and which source wins.</summary>
public class SettingSourcesTests
{
    // A value of each setting that is not its default, what it becomes, and where it lands.
    private static readonly Dictionary<string, (string Text, string Becomes, Func<ServerOptions, object?> Of)> Samples = new()
    {
        ["data"] = ("elsewhere", "elsewhere", options => options.Data),
        ["store"] = ("postgres: Host=db", "postgres: Host=db", options => options.Store),
        ["catalog"] = ("catalog.yaml", "catalog.yaml", options => options.Catalog),
        ["listen-http"] = ("127.0.0.1:1080", "127.0.0.1:1080", options => options.ListenHttp),
        ["listen-grpc"] = ("[::1]:1081", "[::1]:1081", options => options.ListenGrpc),
        ["listen-https"] = ("localhost:1443", "127.0.0.1:1443", options => options.ListenHttps),
        ["advertise"] = ("metering.example.org:443", "metering.example.org:443", options => options.Advertise),
        ["allow-cleartext"] = ("true", "True", options => options.AllowCleartext),
        ["tls-certificate"] = ("server.pem", "server.pem", options => options.TlsCertificate),
        ["tls-key"] = ("server.key", "server.key", options => options.TlsKey),
        ["admin-client-ca"] = ("admins.pem", "admins.pem", options => options.AdminClientCa),
        ["acceptance-window"] = ("90m", "01:30:00", options => options.AcceptanceWindow),
        ["future-tolerance"] = ("2.5s", "00:00:02.5000000", options => options.FutureTolerance),
        ["rejected-age"] = ("10d", "10.00:00:00", options => options.RejectedAge),
        ["rejected-megabytes"] = ("64", "64", options => options.RejectedMegabytes),
        ["token-lifetime"] = ("7d", "7.00:00:00", options => options.TokenLifetime),
        ["connections"] = ("100", "100", options => options.Connections),
        ["http2-connections-per-address"] = ("10", "10", options => options.Http2ConnectionsPerAddress),
        ["connections-per-address"] = ("10", "10", options => options.ConnectionsPerAddress),
        ["account-rate"] = ("50", "50", options => options.AccountRate),
        ["account-burst"] = ("200", "200", options => options.AccountBurst),
        ["exchange-rate"] = ("50", "50", options => options.ExchangeRate),
        ["emulator"] = ("true", "Always", options => options.Emulator),
        ["emulator-mode"] = ("dry-run", "DryRun", options => options.Emulator),
        ["accept-clock"] = ("true", "True", options => options.AcceptClock),
        ["allow-unsafe-commit"] = ("true", "True", options => options.AllowUnsafeCommit),
        ["groups-in-flight"] = ("2", "2", options => options.GroupsInFlight),
    };

    // Settings that are nothing without another.
    private static readonly Dictionary<string, (string Name, string Value)> Companions = new()
    {
        ["tls-certificate"] = ("tls-key", "server.key"),
        ["tls-key"] = ("tls-certificate", "server.pem"),
        ["emulator-mode"] = ("emulator", "on"),
        ["account-burst"] = ("account-rate", "100"),
        ["allow-unsafe-commit"] = ("store", "postgres: Host=db"),
        ["groups-in-flight"] = ("store", "postgres: Host=db"),
    };

    public static TheoryData<string> Names => [.. ServerSettings.All.Select(setting => setting.Name)];

    [Fact]
    public void Every_setting_has_a_sample_here() =>
        Assert.Equal(ServerSettings.All.Select(setting => setting.Name).Order(), Samples.Keys.Order());

    [Theory]
    [MemberData(nameof(Names))]
    public void A_setting_is_read_from_flag_environment_and_file(string name)
    {
        (string text, string becomes, Func<ServerOptions, object?> of) = Samples[name];
        string variable = ServerSettings.All.Single(setting => setting.Name == name).EnvironmentVariable;
        Assert.NotEqual(becomes, Shown(of(new ServerOptions())));

        using var flag = new SettingSources { Flags = { [name] = text } };
        using var environment = new SettingSources { Environment = { [variable] = text } };
        using SettingSources file = new SettingSources().WithFile(new JsonObject { [name] = text }.ToJsonString());
        foreach (SettingSources sources in new[] { flag, environment, file })
        {
            if (Companions.TryGetValue(name, out (string Name, string Value) companion))
                sources.Flags[companion.Name] = companion.Value;
            Assert.Equal(becomes, Shown(of(sources.Read())));
        }
    }

    [Fact]
    public void Nothing_set_means_the_defaults_of_the_documentation()
    {
        using var sources = new SettingSources();
        ServerOptions options = sources.Read();
        Assert.Equal(("metering-data", "127.0.0.1:8080", "127.0.0.1:8081", "127.0.0.1:8443"),
            (options.Data, options.ListenHttp!.ToString(), options.ListenGrpc!.ToString(), options.ListenHttps!.ToString()));
        Assert.Equal((TimeSpan.FromHours(1), TimeSpan.FromMinutes(1), TimeSpan.FromHours(12)),
            (options.AcceptanceWindow, options.FutureTolerance, options.TokenLifetime));
        Assert.Equal((false, EmulatorMode.Off, false), (options.AllowCleartext, options.Emulator, options.AcceptClock));
        Assert.Null(options.Catalog ?? options.Advertise ?? options.TlsCertificate ?? options.TlsKey);
    }

    [Fact]
    public void A_flag_outranks_the_environment_and_that_the_file()
    {
        using SettingSources sources = new SettingSources().WithFile("""{"acceptance-window": "2h"}""");
        Assert.Equal(TimeSpan.FromHours(2), sources.Read().AcceptanceWindow);
        sources.Environment["METERING_ACCEPTANCE_WINDOW"] = "3h";
        Assert.Equal(TimeSpan.FromHours(3), sources.Read().AcceptanceWindow);
        sources.Flags["acceptance-window"] = "4h";
        Assert.Equal(TimeSpan.FromHours(4), sources.Read().AcceptanceWindow);
    }

    [Fact]
    public void A_switch_is_turned_off_by_what_outranks()
    {
        using SettingSources sources = new SettingSources().WithFile("""{"emulator": true, "accept-clock": true, "allow-cleartext": "yes"}""");
        sources.Environment["METERING_ACCEPT_CLOCK"] = "0";
        sources.Flags["emulator"] = "False";
        ServerOptions options = sources.Read();
        Assert.Equal((EmulatorMode.Off, false, true), (options.Emulator, options.AcceptClock, options.AllowCleartext));
    }

    [Fact]
    public void Each_setting_is_looked_up_by_itself()
    {
        using SettingSources sources = new SettingSources().WithFile("""{"data": "from-file", "listen-http": "none", "emulator": true}""");
        sources.Environment["METERING_DATA"] = "from-environment";
        sources.Flags["emulator-mode"] = "never";
        ServerOptions options = sources.Read();
        Assert.Equal(("from-environment", null, EmulatorMode.Never), (options.Data, options.ListenHttp, options.Emulator));
    }

    [Fact]
    public void An_empty_environment_variable_is_not_set()
    {
        using var sources = new SettingSources { Environment = { ["METERING_DATA"] = "", ["METERING_CONFIG"] = "", ["METERING_EMULATOR"] = "" } };
        ServerOptions options = sources.Read();
        Assert.Equal((ServerOptions.DefaultData, EmulatorMode.Off), (options.Data, options.Emulator));
    }

    [Fact]
    public void The_environment_names_the_file_and_a_flag_another()
    {
        using SettingSources sources = new SettingSources().WithFile("""{"data": "of-the-flag"}""");
        using SettingSources other = new SettingSources().WithFile("""{"data": "of-the-environment"}""");
        sources.Environment["METERING_CONFIG"] = other.File;
        Assert.Equal("of-the-flag", sources.Read().Data);
        sources.Flags.Remove(ServerSettings.ConfigurationFile);
        Assert.Equal("of-the-environment", sources.Read().Data);
    }

    private static string? Shown(object? value) => value?.ToString();
}
