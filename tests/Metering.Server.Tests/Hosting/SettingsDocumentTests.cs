namespace Metering.Server.Tests;

/// <summary>docs/settings.md lists exactly the settings that there are.</summary>
public class SettingsDocumentTests
{
    private static readonly string Document = Checkout.PathOf("docs/settings.md");

    [Fact]
    public void The_table_of_the_document_is_the_settings_of_the_server()
    {
        IEnumerable<string> expected = ServerSettings.All.Select(setting =>
        {
            string flag = setting.IsSwitch ? $"`--{setting.Name}`" : $"`--{setting.Name} {setting.Value.Replace("|", @"\|")}`";
            return $"| {flag} | `{setting.EnvironmentVariable}` | {setting.Default} | {setting.Description} |";
        });
        Assert.Equal(expected, File.ReadAllLines(Document).Where(line => line.StartsWith("| `--")));
    }

    [Fact]
    public void The_example_of_a_file_is_accepted()
    {
        string text = File.ReadAllText(Document);
        int start = text.IndexOf("```json\n", StringComparison.Ordinal) + "```json\n".Length;
        using SettingSources sources = new SettingSources().WithFile(text[start..text.IndexOf("```", start, StringComparison.Ordinal)]);
        Assert.Equal("metering.example.org:443", sources.Read().Advertise);
    }
}
