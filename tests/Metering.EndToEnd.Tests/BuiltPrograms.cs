namespace Metering.EndToEnd.Tests;

/// <summary>The programs built from the checkout under test.</summary>
internal static class BuiltPrograms
{
    public static string Command => Checkout.PathOf("artifacts/bin/Metering.Cli/release/metering.dll");

    public static string Load => Checkout.PathOf("artifacts/bin/Metering.Load/release/Metering.Load.dll");
}
