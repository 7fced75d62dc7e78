using System.Diagnostics;
using System.Text.Json;

namespace Metering.EndToEnd.Tests;

/// <summary>The sample of docs/feed-sample.md in a process of its own, with its invoice.</summary>
internal sealed class BillingFeedProcess(string invoiceFile, bool isCareless)
{
    private static string Program => Checkout.PathOf("artifacts/bin/Metering.BillingFeed/release/Metering.BillingFeed.dll");

    /// <summary>The file whose change tells that it took something in.</summary>
    private string Sign => isCareless ? invoiceFile + ".cursor" : invoiceFile;

    /// <summary>Starts it, waits until it took something in and a little longer, then kills it.</summary>
    public async Task RunAndKillAsync(MeteringProcess server, TimeSpan longer)
    {
        string? before = Read(Sign);
        using Process process = Start(server);
        while (Read(Sign) is not { Length: > 0 } now || now == before)
        {
            Assert.False(process.HasExited, "It ended by itself.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        await Task.Delay(longer, TestContext.Current.CancellationToken);
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Starts it and leaves it running.</summary>
    public Process Start(MeteringProcess server, params string[] arguments) => Programs.Start(
        "dotnet", [Program, invoiceFile, .. isCareless ? new[] { "--save-cursor-first" } : [], .. arguments], EnvironmentFor(server));

    /// <summary>Lets it take in everything that there is.</summary>
    public async Task CatchUpAsync(MeteringProcess server)
    {
        using Process process = Start(server, "--until-end");
        string errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, errors);
    }

    /// <summary>The invoice's lines, each as one text; sorted.</summary>
    public string[] Lines() => LinesOf(Read(invoiceFile)!, "Lines", "BillingAccountId", "SkuId", "Unit", "Quantity", "Records");

    /// <summary>The totals that the server tells, in the same form.</summary>
    public static async Task<string[]> TotalsAsync(MeteringProcess server)
    {
        string json = (await Programs.MeteringAsync(
            "usage", "--by", "billing-account,sku", "--output", "json", "--data", server.Data, "--address", $"https://localhost:{server.HttpsPort}"))
            .Succeeded();
        return LinesOf(json, "totals", "billingAccountId", "skuId", "unit", "quantity", "records");
    }

    private static Dictionary<string, string> EnvironmentFor(MeteringProcess server) => new()
    {
        ["METERING_ADDRESS"] = $"https://localhost:{server.HttpsPort}",
        ["METERING_CA"] = server.CertificateAuthority,
        ["METERING_ADMIN_TOKEN"] = File.ReadAllText(Path.Combine(server.Data, "admin.token")).Trim(),
    };

    private static string[] LinesOf(string json, string list, params string[] names) =>
    [
        .. JsonElement.Parse(json).GetProperty(list).EnumerateArray()
            .Select(line => string.Join(' ', names.Select(name => line.GetProperty(name).ToString()))).Order(StringComparer.Ordinal),
    ];

    private static string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
