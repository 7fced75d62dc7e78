using System.Globalization;
using System.Reflection;
using System.Text;
using Bounds = Metering.Ledger.Limits;

namespace Metering.Server.Tests;

/// <summary>
/// docs/limits.md is made from the limits themselves. To make it anew after a change, run these tests once with
/// METERING_WRITE_DOCUMENTS=1 in the environment.
/// </summary>
public class LimitsDocumentTests
{
    private const string Introduction = """
        # Limits

        Every limit of the server in one table. It is made by a test from `src/Metering.Ledger/Limits.cs`, the constants that the
        code enforces; the same test fails when the two differ. Relations between limits are checked at each start.

        The memory that clients can make the server hold for requests in flight is bounded by connections times the connection's
        window (HTTP/2) or request buffer (HTTP/1.1), beside the ledger's queue.

        | limit | value | range, setting | what the client gets | proved by |
        |---|---|---|---|---|

        """;

    private static readonly string Root = Checkout();
    private static readonly string Document = Path.Combine(Root, "docs", "limits.md");

    [Fact]
    public void The_document_is_made_from_the_limits()
    {
        string expected = Make();
        if (Environment.GetEnvironmentVariable("METERING_WRITE_DOCUMENTS") == "1")
            File.WriteAllText(Document, expected);
        Assert.Equal(expected, File.ReadAllText(Document));
    }

    [Fact]
    public void Every_limit_has_its_row() =>
        Assert.Equal(typeof(Bounds).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => field.Name).Order(), LimitRows.All.Select(row => row.Name).Order());

    [Fact]
    public void Every_proof_is_a_test_that_exists()
    {
        string[] files = Directory.GetFiles(Path.Combine(Root, "tests"), "*Tests.cs", SearchOption.AllDirectories);
        foreach (string[] proof in LimitRows.All.Where(row => row.Proof is not null).Select(row => row.Proof!.Split('.')))
        {
            Assert.True(
                Array.Exists(files, file => Path.GetFileNameWithoutExtension(file) == proof[0] && File.ReadAllText(file).Contains($" {proof[1]}(")),
                string.Join('.', proof));
        }
    }

    private static string Make()
    {
        var text = new StringBuilder(Introduction);
        foreach (LimitRow row in LimitRows.All)
        {
            object value = typeof(Bounds).GetField(row.Name)!.GetValue(null)!;
            string shown = value is TimeSpan time ? Show(time) : $"{Convert.ToString(value, CultureInfo.InvariantCulture)} {row.Unit}";
            string proof = row.Proof is null ? "no test yet" : $"`{row.Proof}`";
            text.Append($"| `{row.Name}` | {shown} | {row.Range} | {row.Answer} | {proof} |\n");
        }

        return text.ToString();
    }

    private static string Show(TimeSpan time) =>
        time.Ticks % TimeSpan.TicksPerDay == 0 ? $"{time.TotalDays} d"
        : time.Ticks % TimeSpan.TicksPerHour == 0 ? $"{time.TotalHours} h"
        : time.Ticks % TimeSpan.TicksPerMinute == 0 ? $"{time.TotalMinutes} min"
        : $"{time.TotalSeconds} s";

    private static string Checkout()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Metering.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("These tests run inside a checkout.");
    }
}
