using Yandex.Cloud.Iam.V1;
using Google.Protobuf;

namespace Metering.Fuzz.Tests;

/// <summary>What the mutations start from is in order: otherwise everything would be refused at the door.</summary>
public class SeedTests
{
    [Fact]
    public async Task Undamaged_calls_pass()
    {
        if (Environment.GetEnvironmentVariable("METERING_FUZZ_IDENTITY") is { Length: > 0 } file)
            await File.WriteAllTextAsync(file, Identity.Make(), TestContext.Current.CancellationToken);
        await using FuzzServer server = await FuzzServer.StartAsync();
        using var lane = new FuzzLane(server.Target);
        var random = new Random(1);
        List<GrpcSeed> seeds =
        [
            .. Enumerable.Range(0, 200).Select(_ => GrpcSeed.Any(random)),
            new(GrpcSeed.ExchangePath, "", new CreateIamTokenRequest { Jwt = Identity.Current.Jwts[0] }.ToByteArray()),
        ];
        FuzzInput[] inputs = [.. seeds.Select(seed => new FuzzInput(
            Carriage.Http2Stream, FrameBytes.Request(HeaderBlock.Write(seed.Headers()), GrpcSeed.Frame(seed.Message))))];
        int accepted = 0;
        foreach (FuzzInput[] batch in inputs.Chunk(32))
        {
            Answer[] answers = lane.Send(batch);
            for (int index = 0; index < batch.Length; index++)
            {
                GrpcSeed seed = seeds[Array.IndexOf(inputs, batch[index])];
                int code = Assert.Single(answers[index].GrpcStatuses).Code;
                int[] expected = seed.Path switch
                {
                    _ when seed.Path.EndsWith("CatalogService/Apply") => [16], // without a token
                    _ when seed.Path.EndsWith("CatalogService/DeleteKey") => [5], // there is none
                    _ when seed.Path.EndsWith("CatalogService/RegisterKey") => [0, 6],
                    _ => [0],
                };
                Assert.True(expected.Contains(code), $"{seed.Path}: {answers[index]}");
                accepted += seed.IsWrite && seed.Counting == Counting.Counts ? AcceptedRecords.In(answers[index])!.Value : 0;
            }
        }

        Assert.Equal(accepted, (await server.CountedAsync()).Others);
        Assert.True(accepted > 100);
    }
}
