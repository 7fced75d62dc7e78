namespace Metering.Bench.Places;

/// <summary>The checkout that a program was built in.</summary>
public static class CheckoutFolder
{
    private const string RootFile = "Metering.slnx";

    /// <summary>Root of the checkout that this program was built in; null when it was taken elsewhere.</summary>
    public static string? Find() => FindAbove(AppContext.BaseDirectory);

    /// <summary>The nearest root at a folder or above it; null when there is none.</summary>
    public static string? FindAbove(string? folder)
    {
        while (folder is not null && !File.Exists(Path.Combine(folder, RootFile)))
            folder = Path.GetDirectoryName(folder);
        return folder;
    }
}
