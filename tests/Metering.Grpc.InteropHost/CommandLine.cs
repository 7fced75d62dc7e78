namespace Metering.Grpc.InteropHost;

/// <summary>What the command line says.</summary>
/// <param name="Port">TCP port, 0 to 65535; 0 takes a free one.</param>
/// <param name="CertificateFile">PEM certificate for TLS; null for cleartext.</param>
/// <param name="KeyFile">PEM key that belongs to it.</param>
internal sealed record CommandLine(int Port, string? CertificateFile, string? KeyFile)
{
    public const string Usage = "usage: --port N [--tls-cert FILE --tls-key FILE]";

    /// <summary>The options, or null with what is wrong with them.</summary>
    public static CommandLine? Parse(IReadOnlyList<string> arguments, out string? fault)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int index = 0; index < arguments.Count; index += 2)
        {
            string name = arguments[index];
            if (name is not ("--port" or "--tls-cert" or "--tls-key"))
                return Refuse($"unknown option {name}", out fault);
            if (index + 1 == arguments.Count)
                return Refuse($"{name} has no value", out fault);
            values[name] = arguments[index + 1];
        }

        if (!values.TryGetValue("--port", out string? text))
            return Refuse("--port is missing", out fault);
        if (!ushort.TryParse(text, out ushort port))
            return Refuse($"--port {text} is not a number from 0 to 65535", out fault);
        string? certificate = values.GetValueOrDefault("--tls-cert");
        string? key = values.GetValueOrDefault("--tls-key");
        if (certificate is null != key is null)
            return Refuse("--tls-cert and --tls-key belong together", out fault);
        foreach (string file in new[] { certificate, key }.OfType<string>())
        {
            if (!File.Exists(file))
                return Refuse($"there is no file {file}", out fault);
        }

        fault = null;
        return new CommandLine(port, certificate, key);
    }

    private static CommandLine? Refuse(string reason, out string? fault)
    {
        fault = reason;
        return null;
    }
}
