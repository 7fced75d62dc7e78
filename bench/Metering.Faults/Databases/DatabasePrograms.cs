namespace Metering.Faults;

/// <summary>Where PostgreSQL's programs are.</summary>
internal static class DatabasePrograms
{
    private const string Debian = "/usr/lib/postgresql";

    /// <summary>Their folder: Debian keeps the programs of each version apart; elsewhere they are on the path.</summary>
    /// <exception cref="FaultsException">PostgreSQL is not installed.</exception>
    public static string Folder => Found ?? throw new FaultsException(
        "This scenario starts a PostgreSQL of its own, and none is installed here. Debian: apt install postgresql-15.");

    private static string? Found { get; } =
        (Directory.Exists(Debian) ? Directory.EnumerateDirectories(Debian) : [])
            .OrderByDescending(version => Path.GetFileName(version) == "15").ThenByDescending(version => version, StringComparer.Ordinal)
            .Select(version => Path.Combine(version, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .FirstOrDefault(folder => Array.TrueForAll(["initdb", "pg_ctl", "pg_basebackup"], name => File.Exists(Path.Combine(folder, name))));
}
