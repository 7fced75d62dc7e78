namespace Metering.Bench.Places;

/// <summary>Where PostgreSQL's programs are: Debian keeps those of each version apart; elsewhere they are on the path.</summary>
public static class PostgresPrograms
{
    private const string Debian = "/usr/lib/postgresql";

    /// <summary>The folder that has all of these programs, version 15 before the others; null when there is none.</summary>
    public static string? Find(params string[] programs) =>
        (Directory.Exists(Debian) ? Directory.EnumerateDirectories(Debian) : [])
            .OrderByDescending(version => Path.GetFileName(version) == "15").ThenByDescending(version => version, StringComparer.Ordinal)
            .Select(version => Path.Combine(version, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .FirstOrDefault(folder => Array.TrueForAll(programs, name => File.Exists(Path.Combine(folder, name))));
}
