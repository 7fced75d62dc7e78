using Metering.Bench.Places;

namespace Metering.Faults;

/// <summary>The programs built from the checkout that this one was built in.</summary>
internal static class BuiltPrograms
{
    /// <summary>Root of the checkout.</summary>
    public static string Checkout { get; } = CheckoutFolder.Find() ?? throw new FaultsException("This is not in a checkout.");

    /// <summary>The `metering` command.</summary>
    public static string Command => PathOf("artifacts/bin/Metering.Cli/release/metering.dll");

    /// <summary>The load generator.</summary>
    public static string Load => PathOf("artifacts/bin/Metering.Load/release/Metering.Load.dll");

    /// <summary>This program.</summary>
    public static string Faults => PathOf("artifacts/bin/Metering.Faults/release/Metering.Faults.dll");

    /// <summary>A path of the checkout.</summary>
    public static string PathOf(string relative) => Path.Combine(Checkout, relative);
}
