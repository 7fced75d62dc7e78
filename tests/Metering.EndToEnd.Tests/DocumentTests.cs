using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Metering.EndToEnd.Tests;

/// <summary>What the documents show works: every command is run, every path and link exists.</summary>
public partial class DocumentTests
{
    // The ports that the documents name, each replaced by a free one.
    private static readonly string[] Ports = ["8080", "8081", "8443"];

    private static int s_ports;

    public static TheoryData<string> Documents =>
        [.. new[] { "README.md" }.Concat(Directory.EnumerateFiles(Checkout.PathOf("docs"), "*.md", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Checkout.Root, path)).Order())];

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task Every_command_of_a_document_works(string document)
    {
        string markdown = await File.ReadAllTextAsync(Checkout.PathOf(document), TestContext.Current.CancellationToken);
        IReadOnlyList<DocumentCommands.Block> blocks = DocumentCommands.Of(markdown);
        if (blocks.Count == 0)
            return;

        using var folder = new TemporaryDirectory();
        foreach (string name in new[] { "samples", "proto", "docs", "tests" })
            Directory.CreateSymbolicLink(folder[name], Checkout.PathOf(name));
        await File.WriteAllTextAsync(folder["metering"], $"#!/bin/sh\nexec dotnet '{BuiltPrograms.Command}' \"$@\"\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(folder["metering"], UnixFileMode.UserRead | UnixFileMode.UserExecute);

        string script = Prelude + DocumentCommands.ToScript(blocks);
        foreach (string port in Ports)
            script = script.Replace(port, FreePort());
        var environment = new Dictionary<string, string>
        {
            ["METERING_LISTEN_HTTP"] = "127.0.0.1:" + PortOf(script, "http"),
            ["METERING_LISTEN_GRPC"] = "127.0.0.1:" + PortOf(script, "grpc"),
            ["METERING_LISTEN_HTTPS"] = "127.0.0.1:" + PortOf(script, "https"),
            ["METERING_ADDRESS"] = "https://127.0.0.1:" + PortOf(script, "https"),
        };
        Finished finished = await Programs.RunAsync("bash", ["-c", script], environment, folder: folder.FullPath);
        string server = File.Exists(folder["server.err"]) ? await File.ReadAllTextAsync(folder["server.err"], TestContext.Current.CancellationToken) : "";
        Assert.True(finished.ExitCode == 0, $"{document}: exit code {finished.ExitCode}\n{finished.Output}\n{finished.Errors}\n{server}");
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_path_that_a_document_names_exists(string document)
    {
        string markdown = File.ReadAllText(Checkout.PathOf(document));
        string folder = Path.GetDirectoryName(Checkout.PathOf(document))!;
        IEnumerable<string> links = Link().Matches(markdown).Select(match => match.Groups[1].Value)
            .Where(target => !target.StartsWith("http")).Select(target => Path.Combine(folder, target.Split('#')[0]));
        IEnumerable<string> paths = CodePath().Matches(markdown).Select(match => Checkout.PathOf(match.Groups[1].Value));
        Assert.Empty(links.Concat(paths).Where(path => !File.Exists(path) && !Directory.Exists(path)));
    }

    [Fact]
    public async Task A_command_that_fails_is_seen()
    {
        string script = DocumentCommands.ToScript(DocumentCommands.Of("text\n```sh\ntrue\nfalse\n```\n"));
        Assert.NotEqual(0, (await Programs.RunAsync("bash", ["-c", script])).ExitCode);
    }

    // A reader waits until the server has said where it listens; the server goes when the script does.
    private const string Prelude = """
        # http=8080 grpc=8081 https=8443
        stop_server() {
          [ -z "$(jobs -p)" ] || pkill -TERM -P "$(jobs -p)" || kill $(jobs -p) || true
          wait
        }
        trap stop_server EXIT
        wait_for_server() {
          for _ in $(seq 600); do
            curl -sf http://127.0.0.1:8080/readyz >/dev/null && return
            sleep 0.1
          done
          echo "the server did not come up" >&2; cat server.out server.err >&2; exit 1
        }

        """;

    private static string PortOf(string script, string name) => Regex.Match(script, $@"\b{name}=(\d+)").Groups[1].Value;

    // Below the range from which the system takes a port for every connection that is made meanwhile.
    private static string FreePort()
    {
        while (true)
        {
            int port = 20_000 + ((Environment.ProcessId + Interlocked.Increment(ref s_ports)) % 12_000);
            if (Array.Exists(Ports, known => port.ToString().Contains(known)))
                continue; // it would be replaced in turn
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port.ToString();
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    // A path in code quotes that begins with a folder of the checkout.
    [GeneratedRegex(@"`((?:src|tests|docs|bench|proto|samples)/[\w./-]*)`")]
    private static partial Regex CodePath();
}
