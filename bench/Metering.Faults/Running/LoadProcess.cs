using System.Buffers.Binary;
using System.Diagnostics;
using System.Text.Json;

namespace Metering.Faults;

/// <summary>How a run of the load generator ended.</summary>
internal sealed record LoadEnd(JsonElement Summary, UInt128[] Acknowledged, string Errors)
{
    public long Requests(string name) => Summary.GetProperty("requests").GetProperty(name).GetInt64();

    public long Verdicts(string name) => Summary.GetProperty("verdicts").GetProperty(name).GetInt64();
}

/// <summary>The load generator in a process of its own; it notes the uuid of every record whose acceptance it received.</summary>
internal sealed class LoadProcess : IDisposable
{
    private const int UuidBytes = 16;

    private readonly Process _process;
    private readonly string _acknowledged;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    private LoadProcess(Process process, string acknowledged)
    {
        _process = process;
        _acknowledged = acknowledged;
        _output = process.StandardOutput.ReadToEndAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Starts to send to a server's cleartext gRPC.</summary>
    /// <param name="server">The server.</param>
    /// <param name="tokenFile">Holds a token of the publisher.</param>
    /// <param name="acknowledged">File for the uuids; made new.</param>
    /// <param name="rate">Records a second; 0 for as many as it takes.</param>
    /// <param name="seconds">Time of sending, if nothing ends it before.</param>
    public static LoadProcess Start(MeteringProcess server, string tokenFile, string acknowledged, int rate = 100_000, double seconds = 120)
    {
        File.Delete(acknowledged);
        return new LoadProcess(
            Programs.Start("dotnet",
            [
                BuiltPrograms.Load, "--address", server.Grpc, "--token-file", tokenFile, "--output", "json", "--seconds", $"{seconds}",
                "--owner", SampleIds.Instance, "--sku", $"{SampleIds.Sku},{SampleIds.OtherSku}",
                "--rate", $"{rate}", "--duplicates", "10", "--acknowledged", acknowledged,
            ]),
            acknowledged);
    }

    /// <summary>Waits until the first acknowledgements are on file.</summary>
    public async Task WaitForAcknowledgementsAsync()
    {
        while (!File.Exists(_acknowledged) || new FileInfo(_acknowledged).Length == 0)
        {
            if (_process.HasExited)
                throw new FaultsException($"The load ended before anything was acknowledged. {await _errors}");
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
    }

    /// <summary>Waits for its end, which comes by itself when the server goes.</summary>
    public async Task<LoadEnd> EndAsync()
    {
        await _process.WaitForExitAsync();
        string output = await _output;
        return output.StartsWith('{')
            ? new LoadEnd(JsonElement.Parse(output), ReadAcknowledged(), await _errors)
            : throw new FaultsException($"The load gave no summary. {await _errors}");
    }

    /// <summary>The same; null when nothing was acknowledged, since the server was gone too early.</summary>
    public async Task<LoadEnd?> TryEndAsync()
    {
        await _process.WaitForExitAsync();
        return ReadAcknowledged().Length > 0 ? await EndAsync() : null;
    }

    /// <summary>What it has written down so far of what was acknowledged: all but the last second of it.</summary>
    public UInt128[] ReadAcknowledged() => ReadUuids(_acknowledged);

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private static UInt128[] ReadUuids(string file)
    {
        if (!File.Exists(file))
            return [];
        byte[] bytes = File.ReadAllBytes(file);
        var uuids = new UInt128[bytes.Length / UuidBytes];
        for (int index = 0; index < uuids.Length; index++)
            uuids[index] = BinaryPrimitives.ReadUInt128BigEndian(bytes.AsSpan(index * UuidBytes));
        return uuids;
    }
}
