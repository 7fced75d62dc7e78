namespace Metering.Server.Tests;

/// <summary>Settings that cannot be used: each fault says where it comes from, what it is and what is allowed.</summary>
public class SettingFaultsTests
{
    private const string Endpoint = "it must be ADDR:PORT with an IP address, such as 127.0.0.1:8080 or [::1]:8080, or none.";
    private const string Duration = "it must be a number and a unit: s, m, h or d, such as 90m.";

    public static TheoryData<string, string, string> Unreadable => new()
    {
        { "listen-http", "8080", Endpoint },
        { "listen-http", ":8080", Endpoint },
        { "listen-http", "*:8080", Endpoint },
        { "listen-http", "example.org:8080", Endpoint },
        { "listen-http", "[::1]", Endpoint },
        { "listen-grpc", "127.0.0.1:65536", Endpoint },
        { "acceptance-window", "1", Duration },
        { "acceptance-window", "h", Duration },
        { "acceptance-window", "-1h", Duration },
        { "acceptance-window", "1e3h", Duration },
        { "future-tolerance", "1 week", Duration },
        { "token-lifetime", "99999d", "it is longer than a century." },
        { "connections", "-1", "it must be a whole number, such as 100." },
        { "connections", "many", "it must be a whole number, such as 100." },
        { "emulator", "perhaps", "it must be true or false." },
        { "emulator-mode", "never", "it is only for the emulator: give --emulator too." },
        { "allow-cleartext", "2", "it must be true or false." },
    };

    public static TheoryData<string, string, string> OutOfRange => new()
    {
        { "acceptance-window", "0.5s", "acceptance-window is 00:00:00.5000000: 00:00:01 to 366.00:00:00 is allowed." },
        { "acceptance-window", "367d", "acceptance-window is 367.00:00:00: 00:00:01 to 366.00:00:00 is allowed." },
        { "future-tolerance", "61m", "future-tolerance is 01:01:00: 00:00:00 to 01:00:00 is allowed." },
        { "rejected-age", "59m", "rejected-age is 00:59:00: 01:00:00 to 3660.00:00:00 is allowed." },
        { "rejected-megabytes", "0", "rejected-megabytes is 0: 1 to 1048576 is allowed." },
        { "token-lifetime", "59m", "token-lifetime is 00:59:00: 01:00:00 to 7.00:00:00 is allowed." },
        { "token-lifetime", "8d", "token-lifetime is 8.00:00:00: 01:00:00 to 7.00:00:00 is allowed." },
        { "connections", "0", "connections is 0: 1 to 100000 is allowed." },
        { "http2-connections-per-address", "0", "http2-connections-per-address is 0: 1 to 100000 is allowed." },
        { "connections-per-address", "100001", "connections-per-address is 100001: 1 to 100000 is allowed." },
        { "exchange-rate", "0", "exchange-rate is 0: 1 to 100000 is allowed." },
        { "account-rate", "0", "account-rate is 0: 1 to 100000 is allowed." },
        { "account-burst", "7", "account-burst is the burst of account-rate: give account-rate too." },
        { "advertise", "example.org", "advertise is 'example.org': HOST:PORT is needed, without a scheme, such as metering.example.org:443." },
        { "advertise", "https://example.org:443", "advertise is 'https://example.org:443': HOST:PORT is needed, without a scheme, such as metering.example.org:443." },
        { "advertise", "example.org:0", "advertise is 'example.org:0': HOST:PORT is needed, without a scheme, such as metering.example.org:443." },
        { "allow-unsafe-commit", "true", "allow-unsafe-commit is for PostgreSQL: give store too, or leave it out." },
        { "groups-in-flight", "2", "groups-in-flight is for PostgreSQL: give store too, or leave it out." },
        { "groups-in-flight", "65", "groups-in-flight is 65: 1 to 64 is allowed." },
        { "tls-certificate", "server.pem", "tls-certificate and tls-key go together: give both, or neither for the local CA." },
        { "tls-key", "server.key", "tls-certificate and tls-key go together: give both, or neither for the local CA." },
        { "listen-http", "0.0.0.0:8080", "listen-http is 0.0.0.0:8080, beyond loopback and without TLS: tokens would travel in the open. Use listen-https, or allow-cleartext behind a TLS proxy." },
        { "listen-grpc", "[::]:8081", "listen-grpc is [::]:8081, beyond loopback and without TLS: tokens would travel in the open. Use listen-https, or allow-cleartext behind a TLS proxy." },
    };

    [Theory]
    [InlineData("data", "DIR", "metering-data")]
    [InlineData("catalog", "FILE", "none")]
    [InlineData("listen-https", "ADDR:PORT|none", "127.0.0.1:8443")]
    public void An_empty_value_is_no_value_and_an_empty_variable_is_not_set(string name, string form, string whenMissing)
    {
        string problem = $"is empty: give {form}, or leave it out for the default ({whenMissing}).";
        using var flag = new SettingSources { Flags = { [name] = "" } };
        Assert.Equal([$"--{name} {problem}"], flag.Faults());
        using SettingSources file = new SettingSources().WithFile(new System.Text.Json.Nodes.JsonObject { [name] = "" }.ToJsonString());
        Assert.Equal([$"'{name}' in {file.File} {problem}"], file.Faults());
        using var environment = new SettingSources { Environment = { [ServerSettings.All.Single(one => one.Name == name).EnvironmentVariable] = "" } };
        Assert.NotNull(environment.Read());
    }

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void A_fault_names_the_flag_the_variable_or_the_file_and_the_value(string name, string value, string problem)
    {
        using var flag = new SettingSources { Flags = { [name] = value } };
        Assert.Equal([$"--{name} is '{value}': {problem}"], flag.Faults());

        using SettingSources file = new SettingSources().WithFile(new System.Text.Json.Nodes.JsonObject { [name] = value }.ToJsonString());
        Assert.Equal([$"'{name}' in {file.File} is '{value}': {problem}"], file.Faults());

        string variable = ServerSettings.All.Single(setting => setting.Name == name).EnvironmentVariable;
        using var environment = new SettingSources { Environment = { [variable] = value } };
        Assert.Equal([$"{variable} is '{value}': {problem}"], environment.Faults());
    }

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void What_is_out_of_range_or_does_not_go_together_is_refused(string name, string value, string fault)
    {
        using var sources = new SettingSources { Flags = { [name] = value } };
        Assert.Equal(fault, sources.Faults()[0]); // a window that is too short is too short for the tolerance as well
    }

    [Theory]
    [InlineData("mysql: Host=db;Password=correct-horse")]
    [InlineData("postgres:")]
    [InlineData("Host=db;Password=correct-horse")]
    public void A_store_that_is_none_is_refused_without_a_word_of_what_may_be_a_password(string value)
    {
        using var sources = new SettingSources { Flags = { ["store"] = value } };
        string fault = Assert.Single(sources.Faults());
        Assert.StartsWith("--store has a value that cannot be: it must be sqlite, or postgres: and a connection string", fault);
        Assert.DoesNotContain("correct-horse", fault);
    }

    [Fact]
    public void Every_fault_is_reported_at_once()
    {
        using SettingSources sources = new SettingSources().WithFile("""{"listn-http": "none", "token-lifetime": 5}""");
        sources.Flags["acceptance-window"] = "soon";
        sources.Environment["METERING_LISTEN_GRPC"] = "10.0.0.1:8081";
        sources.Environment["METERING_TLS_KEY"] = "server.key";
        IReadOnlyList<string> faults = sources.Faults();
        Assert.Equal(5, faults.Count);
        Assert.StartsWith($"'listn-http' in {sources.File} is no setting; there are data, store, catalog, listen-http", faults[0]);
        Assert.StartsWith("--acceptance-window is 'soon'", faults[1]);
        Assert.StartsWith($"'token-lifetime' in {sources.File} is '5'", faults[2]);
        Assert.StartsWith("listen-grpc is 10.0.0.1:8081", faults[3]);
        Assert.StartsWith("tls-certificate and tls-key", faults[4]);
    }

    [Fact]
    public void Somebody_has_to_be_able_to_reach_the_server()
    {
        using SettingSources sources = new SettingSources().WithFile("""{"listen-http": "none", "listen-grpc": "none", "listen-https": "none"}""");
        Assert.Equal(["listen-http, listen-grpc and listen-https are all none: nobody could reach the server."], sources.Faults());
    }

    [Fact]
    public void Cleartext_beyond_loopback_is_for_those_who_ask_for_it()
    {
        using var sources = new SettingSources { Flags = { ["listen-http"] = "0.0.0.0:8080", ["allow-cleartext"] = "true" } };
        Assert.Equal("0.0.0.0:8080", sources.Read().ListenHttp!.ToString());
    }

    [Theory]
    [InlineData("listen-http")]
    [InlineData("listen-grpc")]
    [InlineData("listen-https")]
    public void The_emulator_never_binds_beyond_loopback(string listener)
    {
        using var sources = new SettingSources { Flags = { ["emulator"] = "true", ["allow-cleartext"] = "true", [listener] = "0.0.0.0:9000" } };
        Assert.Equal([$"{listener} is 0.0.0.0:9000: the emulator trusts any token, so it listens on loopback only."], sources.Faults());
    }

    [Theory]
    [InlineData("{\n  \"data\": \"here\",\n  oops\n}", "is malformed JSON at line 3, position 3.")]
    [InlineData("[]", "cannot be used: ")]
    [InlineData("""{"data": "a", "DATA": "b"}""", "cannot be used: ")]
    [InlineData("""{"listen-http": {"address": "127.0.0.1"}}""", "is an object or an array; it must be a text, a number, true or false.")]
    [InlineData("""{"data": ["a"]}""", "is an object or an array; it must be a text, a number, true or false.")]
    public void A_faulty_file_is_refused(string json, string words)
    {
        using SettingSources sources = new SettingSources().WithFile(json);
        string fault = Assert.Single(sources.Faults());
        Assert.Contains(words, fault);
        Assert.Contains(sources.File, fault);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        using var sources = new SettingSources { Flags = { ["config"] = "/no/such/file.json" } };
        Assert.Contains("/no/such/file.json", Assert.Single(sources.Faults()));
        sources.Flags["config"] = "";
        Assert.Equal(["The configuration file '' cannot be used: must be a path"], sources.Faults());
    }
}
