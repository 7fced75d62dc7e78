using System.Text.Json;
using Metering.Cli;

namespace Metering.Ledger.Postgres.Tests;

/// <summary><c>metering verify</c> against a server over a database that somebody edited.</summary>
public sealed class VerifyCommandTests
{
    // There is one for each lane that counted, and for each hour.
    private const string OneTotal = "WHERE (owner, sku, hour, node) = (SELECT owner, sku, hour, node FROM usage_total ORDER BY 1, 2, 3, 4 LIMIT 1)";

    // What somebody does, what the report says of it, and how it is undone: in between the ledger must be sound again.
    private static readonly (string Edit, string Said, string Undo)[] Tamperings =
    [
        ($"UPDATE usage_total SET quantity = quantity + 900000 {OneTotal}", "is 90000", $"UPDATE usage_total SET quantity = quantity - 900000 {OneTotal}"),
        ($"UPDATE usage_total SET records = records + 800000 {OneTotal}", "in 80000", $"UPDATE usage_total SET records = records - 800000 {OneTotal}"),
        (
            "CREATE TABLE aside AS SELECT * FROM usage_record WHERE uuid = '00000000-0000-4000-8000-000000000001'; "
                + "DELETE FROM usage_record WHERE uuid IN (SELECT uuid FROM aside)",
            "The feed names record 00000000-0000-4000-8000-000000000001, which is not there.",
            "INSERT INTO usage_record SELECT * FROM aside"
        ),
        (
            "UPDATE usage_record SET quantity = 700000 WHERE uuid = '00000000-0000-4000-8000-000000000003'", "but the records give 70000",
            "UPDATE usage_record SET quantity = 1 WHERE uuid = '00000000-0000-4000-8000-000000000003'"
        ),
        (
            "UPDATE usage_record SET uuid = '00000000-0000-4000-8000-00000000000f' WHERE uuid = '00000000-0000-4000-8000-000000000002'",
            "Record 00000000-0000-4000-8000-00000000000f is in the feed 0 times",
            "UPDATE usage_record SET uuid = '00000000-0000-4000-8000-000000000002' WHERE uuid = '00000000-0000-4000-8000-00000000000f'"
        ),
        (
            "CREATE TABLE gone AS SELECT * FROM rejected_record; DELETE FROM rejected_record", "The count of rejected records is 2 in",
            "INSERT INTO rejected_record SELECT * FROM gone"
        ),
        (
            "UPDATE rejected_record SET sku = sku || '\\x00'", "What is kept beside the rejected record",
            "UPDATE rejected_record SET sku = substr(sku, 1, length(sku) - 1)"
        ),
        ("UPDATE rejected_record SET uuid_key = '\\x00' || substr(uuid_key, 2)", "its uuid is not found", "UPDATE rejected_record SET uuid_key = uuid"),
        ("UPDATE usage_rejection SET hour = hour + 1", "InvalidSkuId", "UPDATE usage_rejection SET hour = hour - 1"),
    ];

    [Fact]
    public async Task Whatever_was_edited_is_named_with_exit_code_1_and_a_ledger_that_was_mended_is_sound()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using Node node = await Node.StartAsync(place);
        string token = await node.TokenAsync();
        for (int id = 1; id <= 3; id++)
            await node.WriteAsync(token, $"00000000-0000-4000-8000-00000000000{id}");
        for (int id = 4; id <= 5; id++)
            await node.WriteAsync(token, $"00000000-0000-4000-8000-00000000000{id}", "no-such-sku");

        foreach ((string edit, string said, string undo) in Tamperings)
        {
            await place.Server.ExecuteAsync($"SET search_path = {place.Schema}; {edit}");
            (int code, JsonElement report) = await VerifyAsync(node);
            string[] differences = [.. report.GetProperty("differences").EnumerateArray().Select(difference => difference.GetString()!)];
            Assert.True(code == 1 && Array.Exists(differences, difference => difference.Contains(said)), $"{edit}: {code}, {string.Join('\n', differences)}");
            await place.Server.ExecuteAsync($"SET search_path = {place.Schema}; {undo}");
        }

        (int last, JsonElement sound) = await VerifyAsync(node);
        Assert.Equal((0, true, 3), (last, sound.GetProperty("sound").GetBoolean(), sound.GetProperty("records").GetInt32()));
    }

    private static async Task<(int ExitCode, JsonElement Report)> VerifyAsync(Node node)
    {
        using var output = new StringWriter();
        var terminal = new Terminal
        {
            Output = output, Error = TextWriter.Null, OpenInput = () => Stream.Null, Environment = _ => null, Folder = AppContext.BaseDirectory,
            Time = TimeProvider.System,
        };
        string[] arguments = ["verify", "--address", node.Address, "--admin-token-file", node.AdminTokenFile, "--output", "json"];
        int exitCode = await Cli.Program.RunAsync(arguments, terminal, TestLedger.Stop);
        return (exitCode, JsonElement.Parse(output.ToString()));
    }
}
