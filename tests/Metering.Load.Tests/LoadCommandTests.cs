using System.CommandLine;

namespace Metering.Load.Tests;

public sealed class LoadCommandTests
{
    private static readonly string[] Required = ["--owner", "instance", "--sku", "sku-a,sku-b"];

    [Fact]
    public void Defaults_are_two_connections_of_full_requests_for_ten_seconds()
    {
        LoadOptions options = Read([.. Required, "--token", "secret"]);

        Assert.Equal("127.0.0.1:8081", options.Address);
        Assert.Equal(["sku-a", "sku-b"], options.Skus);
        Assert.Equal((25, 2, 64), (options.Records, options.Connections, options.Streams));
        Assert.Equal((10.0, (long?)null), (options.Seconds, options.Requests));
        Assert.EndsWith(".ProductUsageService/Write", options.Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_option_is_taken_over()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, " secret\n");
        LoadOptions options = Read(
        [
            .. Required, "--token-file", path, "--address", "[::1]:99", "--service", "image", "--records", "3", "--connections", "5",
            "--streams", "7", "--requests", "11", "--duplicates", "12.5", "--uuid", "v7", "--rate", "1e5", "--output", "json",
            "--acknowledged", "file",
        ]);
        File.Delete(path);

        Assert.Equal(("secret", "[::1]:99", "file"), (options.Token, options.Address, options.AcknowledgedPath));
        Assert.EndsWith(".ImageProductUsageService/Write", options.Path, StringComparison.Ordinal);
        Assert.Equal((3, 5, 7), (options.Records, options.Connections, options.Streams));
        Assert.Equal(((double?)null, 11L), (options.Seconds, options.Requests));
        Assert.Equal((12.5, 1e5), (options.DuplicatesPercent, options.RecordsPerSecond));
        Assert.Equal((UuidVersion.V7, OutputFormat.Json), (options.Uuid, options.Output));
    }

    [Fact]
    public void All_faults_are_named_together()
    {
        var fault = Assert.Throws<LoadException>(() => Read(
        [
            .. Required, "--address", "nowhere", "--records", "26", "--streams", "0", "--seconds", "1", "--requests", "1",
            "--duplicates", "101",
        ]));
        foreach (string option in new[] { "--address", "--token", "--records", "--streams", "--seconds", "--requests", "--duplicates" })
            Assert.Contains(option, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_seed_goes_with_uuids_that_can_be_sent_again_alone()
    {
        string[] arguments = [.. Required, "--token", "secret", "--seed"];
        Assert.Equal(7, Read([.. arguments, "7"]).Seed);
        Assert.Null(Read(arguments[..^1]).Seed);
        foreach (string[] more in new[] { new[] { "7", "--uuid", "v7" }, ["7", "--duplicates", "1"], ["-1"] })
            Assert.Contains("--seed", Assert.Throws<LoadException>(() => Read([.. arguments, .. more])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_file_that_is_missing_or_holds_no_token_is_refused()
    {
        Assert.Throws<LoadException>(() => Read([.. Required, "--token-file", Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())]));
        Assert.Throws<LoadException>(() => Read([.. Required, "--token", "two words"]));
    }

    private static LoadOptions Read(string[] arguments)
    {
        LoadOptions? options = null;
        int exitCode = new LoadCommand().Create(read =>
        {
            options = read;
            return 0;
        }).Parse(arguments).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        Assert.Equal(0, exitCode);
        return options!;
    }
}
