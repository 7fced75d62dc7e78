using System.Diagnostics;

namespace Metering.Bench;

/// <summary>This program again, as the echo.</summary>
internal sealed class EchoProcess : IAsyncDisposable
{
    private readonly Process _process;

    private EchoProcess(Process process, string address)
    {
        _process = process;
        Address = address;
    }

    /// <summary>host:port of cleartext HTTP/2.</summary>
    public string Address { get; }

    /// <exception cref="BenchException">It did not come up.</exception>
    public static async Task<EchoProcess> StartAsync()
    {
        Process process = OtherProgram.Start("dotnet", [typeof(EchoProcess).Assembly.Location, BenchCommand.Echo]);
        if (await process.StandardOutput.ReadLineAsync() is { } address)
            return new EchoProcess(process, address);
        string errors = await process.StandardError.ReadToEndAsync();
        process.Dispose();
        throw new BenchException($"The echo did not start: {errors}");
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
