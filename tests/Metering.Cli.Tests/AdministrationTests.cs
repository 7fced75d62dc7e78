using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Metering.Client;
using Metering.Client.Tests;
using Metering.Contracts.V1;
using Yandex.Cloud.Iam.V1;
using Action = Metering.Contracts.V1.CatalogChange.Types.Action;

namespace Metering.Cli.Tests;

public sealed class AdministrationTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task Applying_a_catalog_shows_each_change_with_before_and_after()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Reply(new ApplyCatalogResponse
        {
            Version = 7,
            Changes =
            {
                new CatalogChange
                {
                    Action = Action.Add, Kind = "sku", Id = "s1", Fields = { new FieldChange { Field = "unit", After = "gigabyte" } },
                },
                new CatalogChange
                {
                    Action = Action.Change,
                    Kind = "product",
                    Id = "p1",
                    Fields = { new FieldChange { Field = "name", Before = "old", After = "new" },
                        new FieldChange { Field = "active", Before = "true", After = "false" } },
                },
                new CatalogChange { Action = Action.Retire, Kind = "sku", Id = "s2" },
                new CatalogChange { Action = Action.Restore, Kind = "sku", Id = "s3" },
            },
        });
        _line.Write("catalog.yaml", "products: []\n");

        Outcome outcome = await _line.RunAsync(server, "catalog", "apply", "-f", "catalog.yaml");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(
            """
            + sku s1
                unit  gigabyte
            ~ product p1
                name    old → new
                active  true → false
            - sku s2 (retired)
            + sku s3 (restored)
            4 changes applied: version 7 is in force.

            """,
            outcome.Output);
        Exchange exchange = Assert.Single(server.Exchanges);
        ApplyCatalogRequest request = exchange.Read(ApplyCatalogRequest.Parser);
        Assert.Equal(("products: []\n", "catalog.yaml", false), (request.Yaml, request.FileName, request.DryRun));
        Assert.Equal("Bearer a1", exchange.Headers["authorization"]);
    }

    [Theory]
    [InlineData(true, "No change. Dry run: nothing was applied, version 3 stays in force.\n")]
    [InlineData(false, "No change: version 3 is in force.\n")]
    public async Task An_unchanged_catalog_says_so(bool dryRun, string output)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = exchange =>
            ScriptedServer.Reply(new ApplyCatalogResponse { Version = 3, DryRun = exchange.Read(ApplyCatalogRequest.Parser).DryRun });
        _line.Input = "products: []"u8.ToArray();

        Outcome outcome = await _line.RunAsync(server, ["catalog", "apply", "-f", "-", .. dryRun ? ["--dry-run"] : Array.Empty<string>()]);

        Assert.Equal(new Outcome(0, output, string.Empty), outcome);
    }

    [Fact]
    public async Task Faults_of_a_catalog_come_one_a_line_and_the_exit_code_is_1()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Reply(new ApplyCatalogResponse
        {
            Version = 4,
            Faults =
            {
                new CatalogFault { Line = 3, Column = 5, Reason = "sku s1 names no product" },
                new CatalogFault { Line = 9, Column = 1, Reason = "unknown member 'produkts'" },
            },
        });
        _line.Write("catalog.yaml", "x");

        Outcome outcome = await _line.RunAsync(server, "catalog", "apply", "-f", "catalog.yaml");

        Assert.Equal(
            new Outcome(
                1,
                string.Empty,
                "catalog.yaml:3:5: sku s1 names no product\ncatalog.yaml:9:1: unknown member 'produkts'\nerror: 2 faults in catalog.yaml: nothing was changed.\n"),
            outcome);
    }

    [Theory]
    [InlineData("yaml", "products:\n  - id: p1\n    active: true\n    name: \"true\"\n    note:\n")]
    [InlineData(
        "json",
        "{\n  \"products\": [\n    {\n      \"id\": \"p1\",\n      \"active\": true,\n      \"name\": \"true\",\n      \"note\": null\n    }\n  ]\n}\n")]
    public async Task The_catalog_is_shown_as_yaml_and_as_json(string form, string output)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Reply(
            new GetCatalogResponse { Yaml = "products:\n  - id: p1\n    active: true\n    name: \"true\"\n    note:" });

        Assert.Equal(new Outcome(0, output, string.Empty), await _line.RunAsync(server, "catalog", "show", "--output", form));
    }

    [Fact]
    public async Task A_key_is_made_here_and_only_its_public_half_is_registered()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ =>
            ScriptedServer.Reply(new RegisterKeyResponse { KeyId = "k1", ServiceAccountId = "sa1", CreatedAt = "2026-01-31T12:00:00Z" });

        Outcome outcome = await _line.RunAsync(server, "key", "create", "--service-account", "sa1", "--output", "key.json");

        Assert.Equal(new Outcome(0, "Key k1 of sa1 is in key.json. Keep it secret: it is the only copy.\n", string.Empty), outcome);
        AuthorizedKeyFile key = AuthorizedKeyFile.Read(Path.Combine(_line.Folder, "key.json"));
        RegisterKeyRequest request = Assert.Single(server.Exchanges).Read(RegisterKeyRequest.Parser);
        Assert.Equal(("k1", "sa1", "RSA_2048"), (key.Id, key.ServiceAccountId, key.AlgorithmName));
        Assert.Equal(("sa1", "RSA_2048", key.PublicKey), (request.ServiceAccountId, request.KeyAlgorithm, request.PublicKey));
        Assert.DoesNotContain("PRIVATE", System.Text.Encoding.UTF8.GetString(server.Exchanges[0].Message));
        Assert.Equal(["key.json"], Directory.GetFiles(_line.Folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task When_a_key_cannot_be_registered_no_file_remains()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Fail(5, "no service account sa9");

        Outcome outcome = await _line.RunAsync(server, "key", "create", "--service-account", "sa9", "--output", "key.json");

        Assert.Equal(3, outcome.ExitCode);
        Assert.StartsWith("error: NOT_FOUND: no service account sa9", outcome.Error);
        Assert.Empty(Directory.GetFiles(_line.Folder));
    }

    [Fact]
    public async Task A_key_file_is_replaced_only_with_force()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ =>
            ScriptedServer.Reply(new RegisterKeyResponse { KeyId = "k1", ServiceAccountId = "sa1", CreatedAt = "2026-01-31T12:00:00Z" });
        _line.Write("key.json", "mine");
        string[] arguments = ["key", "create", "--service-account", "sa1", "--output", "key.json"];

        Outcome refused = await _line.RunAsync(server, arguments);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("key.json exists already", refused.Error);
        Assert.Equal("mine", _line.Read("key.json"));
        Assert.Empty(server.Exchanges);

        Assert.Equal(0, (await _line.RunAsync(server, [.. arguments, "--force"])).ExitCode);
        Assert.Contains("BEGIN PRIVATE KEY", _line.Read("key.json"));
    }

    [Fact]
    public async Task A_key_is_deleted_by_its_id()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Reply(new DeleteKeyResponse());

        Outcome outcome = await _line.RunAsync(server, "key", "delete", "k1");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal("k1", Assert.Single(server.Exchanges).Read(DeleteKeyRequest.Parser).KeyId);
    }

    [Fact]
    public async Task A_token_is_printed_alone_or_with_its_end()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Reply(
            new CreateIamTokenResponse { IamToken = "t9", ExpiresAt = Timestamp.FromDateTimeOffset(CommandLine.Now) });
        AuthorizedKeyFile.Create("sa1", KeyAlgorithm.Rsa2048, CommandLine.Now, "k1").Write(Path.Combine(_line.Folder, "key.json"));

        Assert.Equal(
            new Outcome(0, "t9" + Environment.NewLine, string.Empty), await _line.RunAsync(server, "token", "create", "--key", "key.json"));
        Outcome json = await _line.RunAsync(server, "token", "create", "--key", "key.json", "--output", "json");
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.Equal("""{"iamToken":"t9","expiresAt":"2026-01-31T12:30:00Z"}""", JsonSerializer.Serialize(document.RootElement));
    }

    [Theory]
    [InlineData("{}", "member \"id\" is missing")]
    [InlineData("", "this is not JSON")]
    public async Task A_wrong_key_file_is_named(string content, string message)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        string path = _line.Write("key.json", content);

        Outcome outcome = await _line.RunAsync(server, "token", "create", "--key", "key.json");

        Assert.Equal(2, outcome.ExitCode);
        Assert.StartsWith($"error: {path}:", outcome.Error);
        Assert.Contains(message, outcome.Error);
    }

    [Fact]
    public async Task A_token_is_revoked()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Reply(new RevokeIamTokenResponse { SubjectId = "sa1" });

        Assert.Equal(0, (await _line.RunAsync(server, "token", "revoke", "--token", "t5")).ExitCode);
        Assert.Equal("t5", Assert.Single(server.Exchanges).Read(RevokeIamTokenRequest.Parser).IamToken);
    }
}
