namespace Metering.EndToEnd.Tests;

/// <summary>How `metering serve` said that it cannot start: the lines on standard error, none of which is a stack trace.</summary>
internal sealed record Refusal(int ExitCode, IReadOnlyList<string> Lines)
{
    private const string Mark = "error: ";

    /// <summary>The lines that name a fault, without their mark.</summary>
    public IEnumerable<string> Faults => Lines.Where(line => line.StartsWith(Mark)).Select(line => line[Mark.Length..]);

    /// <summary>Starts a server on free ports, which must not come up.</summary>
    public static Task<Refusal> OfAsync(string data, params string[] arguments) => RunAsync(null, ["--data", data, .. FreePorts, .. arguments]);

    /// <summary>As <see cref="OfAsync(string, string[])"/>, with every argument chosen, and perhaps less might than root has.</summary>
    public static async Task<Refusal> RunAsync(IReadOnlyDictionary<string, string>? environment, string[] arguments, bool isMightless = false)
    {
        string[] command = ["dotnet", BuiltPrograms.Command, "serve", .. arguments];
        if (isMightless && Environment.IsPrivilegedProcess)
            command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", .. command]; // file modes hold for root too
        Finished finished = await Programs.RunAsync(command[0], command[1..], environment);
        TestContext.Current.TestOutputHelper?.WriteLine(finished.Errors);
        Assert.Equal("", finished.Output);
        Assert.NotEqual(0, finished.ExitCode);
        Assert.NotEqual(70, finished.ExitCode);
        Assert.DoesNotContain("   at ", finished.Errors);
        Assert.DoesNotContain("Exception", finished.Errors);
        return new Refusal(finished.ExitCode, finished.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Ports that the system chooses.</summary>
    public static readonly string[] FreePorts = ["--listen-http", "127.0.0.1:0", "--listen-grpc", "127.0.0.1:0", "--listen-https", "127.0.0.1:0"];

    /// <summary>The one fault there is, alone on standard error, with every word that it has to contain.</summary>
    public void IsOne(int exitCode, params string[] words)
    {
        string line = Assert.Single(Lines);
        Assert.StartsWith(Mark, line);
        Assert.All(words, word => Assert.Contains(word, line));
        Assert.Equal(exitCode, ExitCode);
    }
}
