using Google.Protobuf;
using Google.Protobuf.Reflection;
using global::Grpc.Reflection.V1;

namespace Metering.Grpc.Tests;

public sealed class ReflectionTests : IAsyncLifetime
{
    private const string V1 = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    private const string V1Alpha = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

    private ProbeHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        RpcService[] services = [new ProbeService().Service, new HealthService().Service];
        _host = await ProbeHost.StartAsync([.. services, .. ReflectionService.About(services)]);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData(V1)]
    [InlineData(V1Alpha)]
    public async Task The_services_are_listed(string path)
    {
        ServerReflectionResponse answer = await AskAsync(path, new ServerReflectionRequest { Host = "h", ListServices = "*" });

        Assert.Equal(
            [
                "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection", "metering.grpc.tests.Probe",
            ],
            answer.ListServicesResponse.Service.Select(service => service.Name));
        Assert.Equal("h", answer.ValidHost);
        Assert.Equal(new ServerReflectionRequest { Host = "h", ListServices = "*" }, answer.OriginalRequest);
    }

    [Theory]
    [InlineData("metering.grpc.tests.Probe")]
    [InlineData("metering.grpc.tests.Probe.Echo")]
    [InlineData("metering.grpc.tests.Everything")]
    [InlineData("metering.grpc.tests.Everything.large")]
    [InlineData("metering.grpc.tests.Everything.choice")]
    [InlineData("metering.grpc.tests.Colour")]
    [InlineData("metering.grpc.tests.RED")]
    public async Task A_symbols_file_comes_with_everything_that_it_imports(string symbol)
    {
        ServerReflectionResponse answer = await AskAsync(V1, new ServerReflectionRequest { FileContainingSymbol = symbol });

        FileDescriptorProto[] files = Files(answer);
        Assert.Equal("Protos/probe.proto", files[0].Name);
        Assert.Equal(files.Length, files.Select(file => file.Name).Distinct().Count());
        Assert.Contains("Protos/parts.proto", files.Select(file => file.Name));
        Assert.Contains("google/protobuf/descriptor.proto", files.Select(file => file.Name));
        Assert.All(files.SelectMany(file => file.Dependency), dependency => Assert.Contains(dependency, files.Select(file => file.Name)));
    }

    [Fact]
    public async Task A_file_is_found_by_its_name()
    {
        ServerReflectionResponse answer = await AskAsync(V1Alpha, new ServerReflectionRequest { FileByFilename = "Protos/parts.proto" });

        Assert.Equal(["Protos/parts.proto"], Files(answer).Select(file => file.Name));
    }

    [Fact]
    public async Task Extensions_are_found_by_type_and_number()
    {
        var numbers = new ServerReflectionRequest { AllExtensionNumbersOfType = "google.protobuf.MethodOptions" };
        ServerReflectionResponse answer = await AskAsync(V1, numbers);
        Assert.Equal("google.protobuf.MethodOptions", answer.AllExtensionNumbersResponse.BaseTypeName);
        Assert.Contains(72295728, answer.AllExtensionNumbersResponse.ExtensionNumber);

        answer = await AskAsync(V1, new ServerReflectionRequest
        {
            FileContainingExtension = new ExtensionRequest { ContainingType = "google.protobuf.MethodOptions", ExtensionNumber = 72295728 },
        });
        Assert.Equal("google/api/annotations.proto", Files(answer)[0].Name);
    }

    [Fact]
    public async Task What_does_not_exist_is_an_error_within_the_stream_which_goes_on()
    {
        ServerReflectionRequest[] questions =
        [
            new() { FileContainingSymbol = "no.Such" },
            new() { FileByFilename = "no.proto" },
            new() { AllExtensionNumbersOfType = "no.Such" },
            new() { FileContainingExtension = new() { ContainingType = "google.protobuf.MethodOptions", ExtensionNumber = 1 } },
            new(),
            new() { ListServices = "*" },
        ];

        GrpcAnswer answer = await _host.SendAsync(V1, [.. questions.SelectMany(question => GrpcClient.Frame(question.ToByteArray()))]);

        Assert.Equal(RpcCode.Ok, answer.Code);
        ServerReflectionResponse[] answers = [.. answer.Messages.Select(ServerReflectionResponse.Parser.ParseFrom)];
        Assert.Equal([5, 5, 5, 5, 3, 0], answers.Select(each => each.ErrorResponse?.ErrorCode ?? 0));
        Assert.Equal(questions, answers.Select(each => each.OriginalRequest));
    }

    private static FileDescriptorProto[] Files(ServerReflectionResponse answer) =>
        [.. answer.FileDescriptorResponse.FileDescriptorProto.Select(FileDescriptorProto.Parser.ParseFrom)];

    private async Task<ServerReflectionResponse> AskAsync(string path, ServerReflectionRequest question)
    {
        GrpcAnswer answer = await _host.CallAsync(path, question);
        return ServerReflectionResponse.Parser.ParseFrom(Assert.Single(answer.Messages));
    }
}
