namespace Metering.Grpc.Tests;

/// <summary>The interop host as a program of its own, on a free port.</summary>
public sealed class InteropHost : IAsyncLifetime
{
    private const string Announcement = "Listening on ";

    private Child? _program;

    /// <summary>Host and port of the running host.</summary>
    public string Address { get; private set; } = "";

    /// <summary>What it wrote to its standard error.</summary>
    public string Errors => _program?.Errors ?? "";

    public async ValueTask InitializeAsync()
    {
        _program = Launch("--port", "0");
        Address = await AddressOfAsync(_program);
    }

    /// <summary>Starts the program with these options.</summary>
    internal static Child Launch(params string[] options)
    {
        // Built beside these tests, in the same configuration.
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        string bin = Path.Combine(Checkout.Root, "artifacts", "bin", "Metering.Grpc.InteropHost", configuration);
        return Child.Start("dotnet", [Path.Combine(bin, "Metering.Grpc.InteropHost.dll"), .. options]);
    }

    /// <summary>Where it listens, once it does.</summary>
    internal static async Task<string> AddressOfAsync(Child program)
    {
        string? line = await program.ReadLineAsync();
        Assert.True(line?.StartsWith(Announcement, StringComparison.Ordinal), $"The interop host said: {line}\n{program.Errors}");
        return line![Announcement.Length..];
    }

    public ValueTask DisposeAsync()
    {
        _program?.Dispose();
        return ValueTask.CompletedTask;
    }
}
