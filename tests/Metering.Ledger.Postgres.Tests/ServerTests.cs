using System.Net;
using System.Text.Json.Nodes;
using Metering.Server;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>Whole servers over one database, each with its own data directory.</summary>
public sealed class ServerTests
{
    private const int Serving = 1; // of grpc.health.v1

    [Fact]
    public async Task Servers_over_one_database_have_one_catalog_one_admin_token_and_each_others_tokens()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using Node first = await Node.StartAsync(place), second = await Node.StartAsync(place);
        Assert.Equal(first.AdminToken, second.AdminToken);

        // The sample's account exists on the second node too, though nobody gave it a catalog.
        string token = await first.TokenAsync();
        string uuid = "11111111-2222-4333-8444-555555555555";
        Assert.Equal(uuid, (string)(await second.WriteAsync(token, uuid))["accepted"]![0]!["uuid"]!);
        Assert.Equal("DUPLICATE", (string)(await first.WriteAsync(token, uuid))["rejected"]![0]!["reason"]!);

        // What one node applies is in force on the other.
        string yaml = await File.ReadAllTextAsync(Checkout.PathOf("samples/catalog.yaml"), TestLedger.Stop);
        string renamed = yaml.Replace("name: Acme", "name: Acme the Second");
        Assert.NotEqual(yaml, renamed);
        await first.PostAsync("/metering/v1/catalog:apply", first.AdminToken, new JsonObject { ["yaml"] = renamed });
        while (!(await second.GetAsync("/metering/v1/catalog", first.AdminToken)).Contains("Acme the Second"))
            await Task.Delay(10, TestLedger.Stop);

        // Revoked here, refused there.
        await first.PostAsync("/iam/v1/tokens:revoke", token, new JsonObject { ["iamToken"] = token });
        while (await second.WriteStatusAsync(token, uuid) != HttpStatusCode.Unauthorized)
            await Task.Delay(10, TestLedger.Stop);
    }

    [Fact]
    public async Task Readiness_follows_the_database_and_the_server_outlives_it()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using SchemaPlace place = SchemaPlace.Make(server);
        await using Node node = await Node.StartAsync(place);
        Assert.Equal(HttpStatusCode.OK, await node.GetStatusAsync("/readyz"));
        Assert.Equal(Serving, await node.CheckAsync());
        await server.StopAtOnceAsync();
        while (await node.GetStatusAsync("/readyz") == HttpStatusCode.OK || await node.CheckAsync() == Serving)
            await Task.Delay(10, TestLedger.Stop);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await node.GetStatusAsync("/readyz"));
        Assert.Equal(HttpStatusCode.OK, await node.GetStatusAsync("/healthz"));
        using (HttpResponseMessage query = await node.SendAsync("/metering/v1/usage:query", node.AdminToken, new JsonObject()))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, query.StatusCode);
        await server.StartAgainAsync();
        while (await node.GetStatusAsync("/readyz") != HttpStatusCode.OK || await node.CheckAsync() != Serving)
            await Task.Delay(10, TestLedger.Stop);
    }

    [Fact]
    public async Task A_database_that_cannot_be_used_keeps_the_server_from_starting_with_a_sentence_without_the_password()
    {
        const string Password = "correct-horse-battery";
        PostgresServer server = await PostgresServer.SharedAsync();
        StartException fault = await Assert.ThrowsAsync<StartException>(
            () => Node.StartAsync($"Host={server.Host};Username=postgres;Database=nowhere;Password={Password}"));
        Assert.Contains("there is no such database", fault.Message);
        Assert.DoesNotContain(Password, fault.ToString());
    }
}
