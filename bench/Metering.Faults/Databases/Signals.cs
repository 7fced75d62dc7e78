namespace Metering.Faults;

/// <summary>Signals to processes, and which processes there are.</summary>
internal static class Signals
{
    /// <summary>Sends a signal, for example -STOP. A process that is gone meanwhile is no fault.</summary>
    public static Task SendAsync(string signal, params int[] processes) =>
        processes.Length == 0 ? Task.CompletedTask : Programs.RunAsync("kill", [signal, .. processes.Select(process => process.ToString())]);

    /// <summary>The children of a process.</summary>
    public static int[] ChildrenOf(int parent) =>
    [
        .. from folder in Directory.EnumerateDirectories("/proc")
            let name = Path.GetFileName(folder)
            where int.TryParse(name, out _)
            let process = int.Parse(name)
            where StateOf(process) is { } state && state.Parent == parent
            select process,
    ];

    /// <summary>Whether a process runs; one that ended and that nobody asked for its exit code does not.</summary>
    public static bool IsAlive(int process) => StateOf(process) is { State: not 'Z' };

    private static (char State, int Parent)? StateOf(int process)
    {
        try
        {
            // Number, name in brackets, which may hold anything, state, parent.
            string line = File.ReadAllText($"/proc/{process}/stat");
            string[] fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], int.Parse(fields[1]));
        }
        catch (IOException)
        {
            return null;
        }
    }
}
