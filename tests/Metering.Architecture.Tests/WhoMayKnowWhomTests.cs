using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace Metering.Architecture.Tests;

/// <summary>The rules of docs/ARCHITECTURE.md about who may know whom, read from the compiled assemblies and the sources.</summary>
public class WhoMayKnowWhomTests
{
    private static readonly string[] Stores = ["Metering.Ledger.Postgres", "Metering.Ledger.Sqlite"];

    // Beside the base library. A prefix ends with an asterisk.
    public static TheoryData<string, string[]> Allowed => new()
    {
        { "Metering.Contracts", ["Google.Protobuf", "Google.Api.CommonProtos"] },
        { "Metering.Grpc", ["Google.Protobuf", "Google.Api.CommonProtos", "Microsoft.AspNetCore.*", "Microsoft.Extensions.*", "Microsoft.Net.Http.Headers"] },
        { "Metering.Durable", [] },
        { "Metering.Ledger", [] },
        { "Metering.Ledger.Sqlite", ["Metering.Durable", "Metering.Ledger", "SQLitePCLRaw.*"] },
        { "Metering.Ledger.Postgres", ["Metering.Ledger", "Npgsql"] },
        {
            "Metering.Server",
            [
                "Metering.Contracts", "Metering.Durable", "Metering.Grpc", "Metering.Ledger", "Metering.Ledger.Postgres", "Metering.Ledger.Sqlite", "Google.Protobuf", "Google.Api.CommonProtos",
                "Microsoft.AspNetCore.*", "Microsoft.AspNetCore", "Microsoft.Extensions.*", "Microsoft.Net.Http.Headers", "Microsoft.IdentityModel.*", "YamlDotNet",
            ]
        },
        { "Metering.Client", ["Metering.Contracts", "Metering.Durable", "Google.Protobuf", "Google.Api.CommonProtos", "Microsoft.IdentityModel.*"] },
        { "Metering.Load.Engine", [] },
        { "metering", ["Metering.Client", "Metering.Contracts", "Metering.Durable", "Metering.Load.Engine", "Metering.Server", "Google.Protobuf", "Spectre.Console", "System.CommandLine", "YamlDotNet"] },
    };

    [Theory]
    [MemberData(nameof(Allowed))]
    public void An_assembly_references_only_what_it_may_know(string assembly, string[] allowed) =>
        Assert.Empty(ReferencesOf(assembly).Where(name => !IsAllowed(name, allowed)).ToList());

    [Fact]
    public void Every_project_has_its_rule()
    {
        IEnumerable<string> projects = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetFileNameWithoutExtension(path)!);
        Assert.Equal(projects.Order(), Allowed.Select(row => row.Data.Item1 == "metering" ? "Metering.Cli" : row.Data.Item1).Order());
    }

    [Fact]
    public void Only_wire_and_respond_name_message_types()
    {
        var messages = new Regex(@"\b(?:Yandex\.Cloud|Metering\.Contracts|Google\.Rpc|Google\.Protobuf)\b", RegexOptions.NonBacktracking);
        Assert.Empty(Repository.SourceFiles("src/Metering.Server")
            .Where(path => !path.StartsWith("src/Metering.Server/Wire/") && !path.StartsWith("src/Metering.Server/Respond/"))
            .Where(path => messages.IsMatch(Code(path)))
            .ToList());
    }

    [Fact]
    public void Only_the_composition_root_names_a_store() =>
        Assert.Equal(
            ["src/Metering.Server/Program.cs"],
            Repository.SourceFiles("src").Where(path => Stores.Any(store => !path.StartsWith($"src/{store}/") && Code(path).Contains(store))));

    [Fact]
    public void The_command_line_has_no_back_door()
    {
        // Serve, demo and bench start a server, migrate and verify --data open stores of servers that are stopped; every other command
        // goes through the client.
        Assert.Empty(Repository.SourceFiles("src/Metering.Cli")
            .Where(path => !path.EndsWith("ServeCommand.cs") && !path.EndsWith("DemoCommand.cs") && !path.EndsWith("BenchCommand.cs")
                && !path.EndsWith("MigrateCommand.cs") && !path.Contains("/Serving/"))
            .Where(path => Regex.IsMatch(Code(path), @"\bMetering\.Server\b", RegexOptions.NonBacktracking))
            .ToList());
        Assert.Empty(Repository.SourceFiles("src/Metering.Cli").Where(path => Code(path).Contains("Metering.Ledger")).ToList());
    }

    [Fact]
    public void A_rule_that_is_broken_is_seen()
    {
        // Controls: the same checks, on what they must catch.
        Assert.Contains("Metering.Ledger.Sqlite", ReferencesOf("Metering.Server"));
        Assert.False(IsAllowed("Npgsql", ["Google.Protobuf", "Microsoft.AspNetCore.*"]));
        Assert.True(IsAllowed("Microsoft.AspNetCore.Http", ["Microsoft.AspNetCore.*"]));
    }

    private static bool IsAllowed(string name, string[] allowed) =>
        name.StartsWith("System.") || name is "System" or "netstandard" or "mscorlib"
        || Array.Exists(allowed, pattern => pattern.EndsWith('*') ? name.StartsWith(pattern[..^1]) : name == pattern);

    private static List<string> ReferencesOf(string assembly)
    {
        using var stream = File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"));
        using var portable = new PEReader(stream);
        MetadataReader metadata = portable.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }

    // Without comments: a rule is about code.
    private static string Code(string path) => Regex.Replace(Repository.Read(path), "//.*", "", RegexOptions.NonBacktracking);
}
