namespace Metering.Server.Tests;

/// <summary>Settings as a server gets them: flags, an environment and a configuration file, each as a test has filled it.</summary>
internal sealed class SettingSources : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public Dictionary<string, string> Flags { get; } = [];

    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>The path of the configuration file, which is named by <c>--config</c> once it has a text.</summary>
    public string File => _file;

    public SettingSources WithFile(string json)
    {
        System.IO.File.WriteAllText(_file, json);
        Flags[ServerSettings.ConfigurationFile] = _file;
        return this;
    }

    public ServerOptions Read() => ServerSettings.Read(Flags, name => Environment.GetValueOrDefault(name));

    public IReadOnlyList<string> Faults() => Assert.Throws<ServerSettingsException>(Read).Faults;

    public void Dispose() => System.IO.File.Delete(_file);
}
