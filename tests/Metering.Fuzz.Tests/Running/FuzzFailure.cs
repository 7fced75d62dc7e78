namespace Metering.Fuzz.Tests;

/// <summary>An input that a server did not stand up to.</summary>
/// <param name="Name">Family and number, or the file that keeps it.</param>
/// <param name="Input">The input.</param>
/// <param name="Why">What went wrong.</param>
/// <param name="Answer">What the client saw; null when it was not sent.</param>
internal sealed record FuzzFailure(string Name, FuzzInput Input, string Why, Answer? Answer)
{
    /// <summary>Keeps the input's bytes in a file; answers its path.</summary>
    public string Keep(int seed)
    {
        string folder = Checkout.PathOf("artifacts/fuzz");
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $"{Name.Replace(':', '-')}-{seed}{Input.FileExtension}");
        File.WriteAllBytes(path, Input.Bytes);
        return path;
    }

    public override string ToString() => $"{Name}: {Why} ({Answer?.ToString() ?? "not sent"})";
}
