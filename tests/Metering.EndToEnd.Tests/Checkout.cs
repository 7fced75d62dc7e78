namespace Metering.EndToEnd.Tests;

/// <summary>The checkout under test and the programs built from it.</summary>
internal static class Checkout
{
    public static readonly string Root = FindRoot();

    public static string Command => Path.Combine(Root, "artifacts/bin/Metering.Cli/release/metering.dll");

    public static string Load => Path.Combine(Root, "artifacts/bin/Metering.Load/release/Metering.Load.dll");

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Metering.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("These tests run inside a checkout.");
    }
}
