using Metering.Cli;

namespace Metering.Faults;

/// <summary>
/// The `metering` command in this program, with another store underneath: the one way to a server whose index is small
/// or whose fsync is skipped, since no setting of the product leads there.
/// </summary>
internal static class ServerHost
{
    /// <summary>The first argument that asks for it; the second are the changes, as JSON, and the rest is for `metering`.</summary>
    public const string Name = "server";

    public static Task<int> RunAsync(string[] arguments)
    {
        Server.Program.StoreOptions = StoreChanges.FromJson(arguments[1]).Apply;
        return Cli.Program.Main(arguments[2..]);
    }
}
