using System.Text.RegularExpressions;

namespace Metering.Server.Tests;

/// <summary>docs/threat-model.md speaks of tests that exist, and leaves no threat without one.</summary>
public sealed partial class ThreatModelTests
{
    private static readonly string Text = File.ReadAllText(Checkout.PathOf("docs/threat-model.md"));

    [Fact]
    public void Every_test_that_it_names_exists()
    {
        string[] named = Named(Text);
        Assert.InRange(named.Length, 20, 1000);
        Assert.Empty(named.Where(name => !NamedTest.Exists(name)));
    }

    [Fact]
    public void Every_threat_has_its_test()
    {
        string[] rows = [.. Text.Split('\n').SkipWhile(line => !line.StartsWith("## Forged identity", StringComparison.Ordinal))
            .TakeWhile(line => !line.StartsWith("## Exhaustion", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| threat |", StringComparison.Ordinal))];
        Assert.InRange(rows.Length, 15, 100);
        Assert.Empty(rows.Where(row => Named(row).Length == 0));
    }

    [Fact]
    public void There_is_a_place_for_the_table_of_attacks()
    {
        int section = Text.IndexOf("\n## Under attack\n", StringComparison.Ordinal);
        int begin = Text.IndexOf("\n<!-- attacks:begin -->\n", StringComparison.Ordinal);
        int end = Text.IndexOf("\n<!-- attacks:end -->\n", StringComparison.Ordinal);
        Assert.True(section > 0 && section < begin && begin < end);
    }

    [Fact]
    public void A_test_that_does_not_exist_is_seen()
    {
        Assert.Equal(["ThreatModelTests.No_such_test"], Named("| a | `ThreatModelTests.No_such_test` |"));
        Assert.False(NamedTest.Exists("ThreatModelTests.No_such_" + "test"));
        Assert.False(NamedTest.Exists("NoSuchTests.Every_test_that_it_names_exists"));
        Assert.True(NamedTest.Exists("ThreatModelTests.Every_test_that_it_names_exists"));
    }

    private static string[] Named(string text) => [.. TestName().Matches(text).Select(match => match.Groups[1].Value)];

    [GeneratedRegex(@"`(\w+Tests\.\w+)`")]
    private static partial Regex TestName();
}
