using System.CommandLine;
using System.Net;
using Metering.Client;
using Metering.Server;

namespace Metering.Cli;

/// <summary><c>metering demo</c>: a whole marketplace in a temporary directory, with real writes over TLS.</summary>
internal static class DemoCommand
{
    private const string Examples =
        """
        metering demo            serves until Ctrl-C, so that you can write to it
        metering demo --exit     ends by itself, for a first look

        Everything is in a temporary directory, which is gone afterwards.
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("demo", "Shows it all: a server, a catalog, keys, real writes, verdicts, totals.", Examples);
        var exit = new Option<bool>("--exit") { Description = "Stop when everything was shown" };
        command.Add(exit);
        command.SetAction(async (line, interrupted) =>
        {
            DirectoryInfo folder = Directory.CreateTempSubdirectory("metering-demo-");
            try
            {
                Task<AuthorizedKeyFile> firstKey = DemoRun.MakeFirstKey(terminal.Time);
                await using MeteringServer server = await StartAsync(folder.FullName, line.GetValue(exit), terminal, interrupted);
                using var run = new DemoRun(server.Facts, firstKey, terminal);
                await run.WriteAsync(interrupted);
                await run.ShowUsageAsync(interrupted);
                if (line.GetValue(exit))
                {
                    terminal.Output.WriteLine(
                        "\nNext: `metering demo` keeps serving, so that you can write to it by curl or SDK; "
                        + "the README shows how to serve your own catalog.");
                    return ExitCodes.Done;
                }

                WriteNext(server.Facts, run, terminal);
                return await ServerStart.RunAsync(server, terminal, interrupted);
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        });
        return command;
    }

    // The usual ports when they are free; for a demo that ends by itself, any.
    private static async Task<MeteringServer> StartAsync(string folder, bool isShort, Terminal terminal, CancellationToken cancellationToken)
    {
        string catalog = Path.Combine(folder, "catalog.yaml");
        await File.WriteAllTextAsync(catalog, SampleCatalog.Yaml, cancellationToken);
        var options = new ServerOptions { Data = Path.Combine(folder, "data"), Catalog = catalog };
        if (!isShort)
        {
            try
            {
                return await ServerStart.StartAsync(options, terminal, cancellationToken);
            }
            catch (CommandException)
            {
                terminal.WriteNote("The usual ports are taken: the system chooses others.");
            }
        }

        var any = new IPEndPoint(IPAddress.Loopback, 0);
        (options.ListenHttp, options.ListenGrpc, options.ListenHttps) = (any, any, any);
        return await ServerStart.StartAsync(options, terminal, cancellationToken);
    }

    private static void WriteNext(ServerFacts facts, DemoRun run, Terminal terminal)
    {
        string key = run.KeyFileOf("acme-reporter");
        string connection = $"--address https://localhost:{facts.Listening.Https!.Port} --data {facts.DataDirectory}";
        terminal.Output.WriteLine(
            $$"""

            It keeps serving until Ctrl-C. The next record, by curl (in another terminal):

              TOKEN=$(./metering token create --key {{key}} {{connection}})
              curl -s --cacert {{facts.CertificateAuthorityFile}} -H "authorization: Bearer $TOKEN" \
                https://localhost:{{facts.Listening.Https.Port}}/marketplace/metering/v1/productUsage/write -d '{
                  "productInstanceId": "acme-database-first", "usageRecords": [{
                    "uuid": "'$(cat /proc/sys/kernel/random/uuid)'", "skuId": "acme-database-core-hours",
                    "quantity": 3, "timestamp": "'$(date -u +%FT%TZ)'"}]}'

            By the official Node SDK (once: npm install --prefix samples/node):

              TOKEN=$TOKEN CA={{facts.CertificateAuthorityFile}} ENDPOINT=localhost:{{facts.Listening.Https.Port}} node samples/node/first-write.mjs

            By this command, and the totals after it:

              ./metering write --instance acme-database-first --sku acme-database-core-hours --quantity 3 --key {{key}} {{connection}}
              ./metering usage {{connection}}
            """);
    }
}
