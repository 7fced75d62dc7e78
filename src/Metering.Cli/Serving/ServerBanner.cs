using System.Net;
using Metering.Server;

namespace Metering.Cli;

/// <summary>What a server tells when it listens: where, whom to trust, what changed and what to try next.</summary>
internal static class ServerBanner
{
    private const int ShownChanges = 20;
    private const int DefaultTlsPort = 8443; // of ConnectionOptions.DefaultTlsAddress

    /// <summary>For people.</summary>
    public static void Write(ServerFacts facts, Terminal terminal)
    {
        WriteChanges(facts, terminal);
        terminal.Output.WriteLine(terminal.Paint("Marketplace Metering serves.", Shade.Strong));
        Line(terminal, "REST", Address("http://", facts.Listening.Http));
        Line(terminal, "gRPC", Address("", facts.Listening.Grpc, " (cleartext)"));
        Line(terminal, "TLS", Address("https://", facts.Listening.Https, $" (REST and gRPC; SDKs are told {facts.Advertised})"));
        Line(terminal, "CA", facts.CertificateAuthorityFile is { } file ? terminal.ShortPath(file) : null);
        Line(terminal, "Data", terminal.ShortPath(facts.DataDirectory));
        Line(terminal, "Admin", terminal.ShortPath(facts.AdminTokenFile));
        if (facts.Emulator != EmulatorMode.Off)
            terminal.Output.WriteLine(terminal.Paint($"  EMULATOR ({facts.Emulator}): any bearer token is accepted. For rehearsal only.", Shade.Bad));
        WriteNext(facts, terminal);
    }

    /// <summary>For programs: one JSON document on one line.</summary>
    public static void WriteJson(ServerFacts facts, Terminal terminal) => Json.Write(
        terminal.Output,
        json =>
        {
            json.WriteStartObject();
            json.WriteString("http", facts.Listening.Http?.ToString());
            json.WriteString("grpc", facts.Listening.Grpc?.ToString());
            json.WriteString("https", facts.Listening.Https?.ToString());
            json.WriteString("advertised", facts.Advertised);
            json.WriteString("certificateAuthority", facts.CertificateAuthorityFile);
            json.WriteString("data", facts.DataDirectory);
            json.WriteString("adminTokenFile", facts.AdminTokenFile);
            json.WriteNumber("catalogVersion", facts.CatalogVersion);
            json.WriteNumber("catalogChanges", facts.CatalogChanges.Count);
            json.WriteEndObject();
        },
        indented: false);

    private static void WriteChanges(ServerFacts facts, Terminal terminal)
    {
        foreach (CatalogDifference change in facts.CatalogChanges.Take(ShownChanges))
        {
            (string sign, Shade shade) = change.Action switch
            {
                CatalogAction.Add or CatalogAction.Restore => ("+", Shade.Good),
                CatalogAction.Retire => ("-", Shade.Bad),
                _ => ("~", Shade.Changed),
            };
            string fields = change.Action == CatalogAction.Change
                ? "  " + string.Join(", ", change.Fields.Select(field => $"{field.Field}: {field.Before} → {field.After}"))
                : string.Empty;
            terminal.Output.WriteLine(terminal.Paint($"{sign} {change.KindName} {change.Id}{fields}", shade));
        }

        if (facts.CatalogChanges.Count > ShownChanges)
            terminal.Output.WriteLine($"  and {facts.CatalogChanges.Count - ShownChanges} more");
        if (facts.CatalogChanges.Count > 0)
            terminal.Output.WriteLine($"Catalog version {facts.CatalogVersion} is in force.\n");
    }

    private static void WriteNext(ServerFacts facts, Terminal terminal)
    {
        terminal.Output.WriteLine();
        terminal.Output.WriteLine("Next, in another terminal:");
        string data = terminal.ShortPath(facts.DataDirectory);
        string at = AddressOf(facts) + (data == ConnectionOptions.DefaultDataFolder ? "" : $" --data {data}");
        string write = $"metering write --instance {facts.Example?.ProductInstanceId ?? "ID"} --sku {facts.Example?.SkuId ?? "ID"} --quantity 1";
        string[] commands = facts switch
        {
            { CatalogVersion: 0 } => [$"metering catalog apply --file samples/catalog.yaml{at}"],
            { Emulator: not EmulatorMode.Off } => [$"{write} --token anything{at}"],
            _ =>
            [
                $"metering key create --service-account {facts.Example?.ServiceAccountId ?? "ID"} --output key.json{at}",
                $"{write} --key key.json{at}",
                $"metering usage{at}",
            ],
        };
        foreach (string command in commands)
            terminal.Output.WriteLine($"  {command}");
    }

    // Where the commands do not look by themselves they have to be told.
    private static string AddressOf(ServerFacts facts) => facts.Listening switch
    {
        { Https: { Port: DefaultTlsPort } https } when IsHere(https) => "",
        { Https: { } https } => $" --address https://{(IsHere(https) ? $"localhost:{https.Port}" : facts.Advertised)}",
        { Grpc: { } grpc } => $" --address http://{(IsHere(grpc) ? $"localhost:{grpc.Port}" : $"{grpc}")}",
        _ => "",
    };

    private static bool IsHere(IPEndPoint endPoint) =>
        IPAddress.IsLoopback(endPoint.Address) || endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any);

    private static void Line(Terminal terminal, string name, string? value)
    {
        if (value is not null)
            terminal.Output.WriteLine($"  {name,-6} {value}");
    }

    private static string? Address(string scheme, IPEndPoint? endPoint, string note = "") => endPoint is null ? null : $"{scheme}{endPoint}{note}";
}
