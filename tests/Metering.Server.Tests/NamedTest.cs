namespace Metering.Server.Tests;

/// <summary>Tests that documents name, as <c>Class.Method</c>.</summary>
internal static class NamedTest
{
    /// <summary>Whether there is such a test in any project.</summary>
    public static bool Exists(string name)
    {
        string[] parts = name.Split('.');
        string[] files = [parts[0] + ".cs", parts[0] + ".*.cs"]; // a class may be in several
        return files.SelectMany(pattern => Directory.EnumerateFiles(Checkout.PathOf("tests"), pattern, SearchOption.AllDirectories))
            .Any(file => File.ReadAllText(file).Contains($" {parts[1]}(", StringComparison.Ordinal));
    }
}
