using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Metering.Server.Tests;

/// <summary>What generic gRPC tools ask of every server: health and reflection.</summary>
public class StandardServicesTests
{
    private const string HealthCheck = "/grpc.health.v1.Health/Check";

    private static readonly string[] Services =
    [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "metering.v1.ArchiveService",
        "metering.v1.CatalogService",
        "metering.v1.SigningKeyService",
        "metering.v1.UsageService",
        "yandex.cloud.endpoint.ApiEndpointService",
        "yandex.cloud.iam.v1.IamTokenService",
        "yandex.cloud.marketplace.metering.v1.ImageProductUsageService",
        "yandex.cloud.marketplace.metering.v1.ProductUsageService",
        "yandex.cloud.marketplace.v1.metering.ImageProductUsageService",
    ];

    [Fact]
    public async Task Health_answers_serving_for_the_whole_and_for_each_service()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        foreach (string service in Services.Where(name => !name.StartsWith("grpc.")).Prepend(""))
        {
            // The messages of health have the form of these two well-known ones: a text, a number.
            (int status, string words, Int32Value? health) = await server.CallAsync<Int32Value>(HealthCheck, new StringValue { Value = service }, token: null);
            Assert.True(status == 0, $"{service}: {words}");
            Assert.Equal(1, health!.Value); // SERVING
        }

        (int unknown, _, _) = await server.CallAsync<Int32Value>(HealthCheck, new StringValue { Value = "no.such.Service" }, token: null);
        Assert.Equal(5, unknown);
    }

    [Theory]
    [InlineData("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")]
    [InlineData("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")]
    public async Task Reflection_lists_every_service(string path)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        byte[] listServices = [(7 << 3) | 2, 1, (byte)'*'];
        (int status, string words, byte[] answer) = await server.CallAsync(path, listServices, token: null);
        Assert.True(status == 0, words);

        // ServerReflectionResponse.list_services_response (6) . service (1) . name (1)
        IEnumerable<string> names = Fields(answer, 6).SelectMany(list => Fields(list, 1)).SelectMany(service => Fields(service, 1))
            .Select(System.Text.Encoding.UTF8.GetString);
        Assert.Equal(Services, names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Reflection_finds_the_file_of_a_write_method()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        byte[] symbol = "yandex.cloud.marketplace.metering.v1.ProductUsageService"u8.ToArray();
        (int status, _, byte[] answer) = await server.CallAsync(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", [(4 << 3) | 2, (byte)symbol.Length, .. symbol], token: null);
        Assert.Equal(0, status);

        // file_descriptor_response (4) . file_descriptor_proto (1)
        byte[][] files = [.. Fields(answer, 4).SelectMany(response => Fields(response, 1))];
        Assert.Equal("yandex/cloud/marketplace/metering/v1/product_usage_service.proto", Google.Protobuf.Reflection.FileDescriptorProto.Parser.ParseFrom(files[0]).Name);
        Assert.True(files.Length > 1, "the files that it imports come with it");
    }

    // The length-delimited fields of a message that have this number.
    private static IEnumerable<byte[]> Fields(byte[] message, int number)
    {
        var fields = new List<byte[]>();
        var input = new CodedInputStream(message);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (tag == (((uint)number << 3) | 2))
                fields.Add(input.ReadBytes().ToByteArray());
            else
                input.SkipLastField();
        }

        return fields;
    }
}
