using System.Text;
using Metering.Ledger;

namespace Metering.Fuzz.Tests;

/// <summary>Headers: of gRPC, of HTTP, and those that say who sent a call; lost, twice, odd, long and in another order.</summary>
internal sealed class HeaderFamily : IInputFamily
{
    private const int StepsMaximum = 3;

    private static readonly (string Name, string[] Values)[] Known =
    [
        ("grpc-timeout", ["0n", "1n", "1u", "1m", "10m", "1S", "99999999H", "99999999n", "100000000S", "", "1", "S", "-1S", "1 S", "1s", "1.5S", "00000001S", "1SS", "\xFF"]),
        ("grpc-encoding", ["identity", "gzip", "deflate", "", "GZIP", "gzip,identity", "gzip, gzip", "snappy", "\xFF"]),
        ("grpc-accept-encoding", ["gzip", "identity,gzip", "gzip;q=0", ",,,", "", "*", "x-unknown"]),
        ("content-type",
        [
            "application/grpc", "application/grpc+proto", "application/grpc+json", "application/grpc;charset=utf-8", "APPLICATION/GRPC", "application/grpc-web",
            "application/json", "text/plain", "", "application/grpc ; ", ";", "application/grpcx",
        ]),
        ("te", ["trailers", "gzip", "", "trailers, deflate"]),
        ("user-agent", ["grpc-go/1.41", "", "x"]),
        ("x-client-request-id", ["7c5d5c3e", "", "\x7F", "\xD0\xBA", " a b ", "\t"]),
        ("x-client-trace-id", ["7c5d5c3e"]),
        ("authorization", ["Bearer", "Bearer ", "bearer x", "Basic eDp5", "", "Bearer a.b.c", "Bearer a.b", "Bearer ..", "Bearer\tx", "BEARER  x"]),
        ("grpc-tags-bin", ["AAAA", "AA==", "A", "====", "AA,AA==,", "!", ""]),
        ("data-bin", ["////", "_-_-", "AQ"]),
        ("grpc-trace-bin", ["AAAAAAAA"]),
        ("content-length", ["0", "1", "5", "-1", "999999999999999999999", "", "0x10", "1,1"]),
        ("expect", ["100-continue", "x"]),
        ("content-encoding", ["gzip", "identity"]),
        ("connection", ["close", "keep-alive"]),
        ("transfer-encoding", ["chunked"]),
        ("upgrade", ["h2c"]),
        ("host", ["localhost", "a b", ""]),
        ("cookie", ["a=b; c=d"]),
        ("trailer", ["grpc-status"]),
        (":method", ["POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE", "post", "", "P OST", "PRI"]),
        (":scheme", ["http", "https", "", "ftp", "HTTP"]),
        (":authority", ["localhost", "", "a b", "localhost:99999", "user@host", "[::1]", "[", "\xFF"]),
        (":path",
        [
            "/", "", "*", "//", "/x", "/healthz", "/readyz", "/openapi.json", "/a.B/C", "/%", "/%00", "/%2e%2e/", "/..", "/a?b#c", "x", "/\xFF", "/a b", "http://x/y",
            "/endpoints", "/endpoints/iam", "/endpoints/%ff", "/endpoints/%2F", "/endpoints/a%00b", "/endpoints/:x", "/metering/v1/keys/x",
            "/yandex.cloud.endpoint.ApiEndpointService/", "/yandex.cloud.endpoint.ApiEndpointService/list", "/grpc.health.v1.Health/Check",
        ]),
        (":status", ["200"]),
        (":unknown", ["x"]),
    ];

    public string Name => "headers";

    public int Percent => 20;

    public FuzzInput Make(Random random)
    {
        GrpcSeed seed = GrpcSeed.Any(random);
        List<(string Name, string Value)> headers = seed.Headers();
        for (int steps = random.Next(1, StepsMaximum + 1); steps > 0; steps--)
            Step(headers, random);
        LetMethodsBeAscii(headers);
        if (headers.Count > Limits.RequestHeaders && !HasSoundStart(headers, seed))
            headers.RemoveRange(Limits.RequestHeaders, headers.Count - Limits.RequestHeaders);
        byte[] body = random.OneIn(16) ? [] : GrpcSeed.Frame(seed.Message);
        return new FuzzInput(Carriage.Http2Stream, FrameBytes.Request(HeaderBlock.Write(headers), body))
        {
            Counting = seed.Counting,
            RecordsMaximum = seed.RecordsMaximum,
            IsUnsociable = true,
        };
    }

    // Too many headers together with a faulty pseudo-header: Kestrel (10.0) ends its stream without a word to the client. It harms
    // nobody else, and nothing above Kestrel sees such a request: they are kept apart.
    private static bool HasSoundStart(List<(string Name, string Value)> headers, GrpcSeed seed)
    {
        IEnumerable<(string, string)> Start(List<(string Name, string Value)> all) => all.Where(header => header.Name.StartsWith(':'));
        return Start(headers).SequenceEqual(Start(seed.Headers()));
    }

    // A method of UTF-8 that is not ASCII: the same, always.
    private static void LetMethodsBeAscii(List<(string Name, string Value)> headers)
    {
        for (int index = 0; index < headers.Count; index++)
        {
            if (headers[index] is { Name: ":method" } method && !Ascii.IsValid(method.Value))
                headers[index] = (method.Name, "P OST");
        }
    }

    private static void Step(List<(string Name, string Value)> headers, Random random)
    {
        int at = random.Next(headers.Count + 1);
        (string name, string[] values) = random.Pick(Known);
        (string Name, string Value) fresh = (name, random.Pick(values));
        (string Name, string Value) old = headers.Count > 0 ? headers[Math.Min(at, headers.Count - 1)] : fresh;
        switch (random.Next(10))
        {
            case <= 2:
                headers.RemoveAll(header => header.Name == name);
                headers.Insert(name.StartsWith(':') ? 0 : headers.Count, fresh);
                break;
            case 3:
                headers.Insert(at, fresh);
                break;
            case 4:
                headers.Remove(old);
                break;
            case 5:
                headers.Insert(at, old);
                break;
            case 6:
                headers[headers.IndexOf(old) is >= 0 and var place ? place : Append(headers, old)] = (old.Name, random.Damage(old.Value));
                break;
            case 7:
                headers.Add((random.OneIn(2) ? random.Damage(old.Name) : old.Name.ToUpperInvariant(), old.Value));
                break;
            case 8:
                string filler = random.Pick(["x", "a ", "\xD0\xBA", ","]);
                headers.Add(("x-long", new StringBuilder().Insert(0, filler, random.Pick([100, 4000, 8190, 8200, 9000])).ToString()));
                break;
            default:
                for (int count = random.Pick([1, 10, 60, 70]); count > 0; count--)
                    headers.Add(($"x-many-{count}", "1"));
                break;
        }
    }

    private static int Append(List<(string Name, string Value)> headers, (string Name, string Value) header)
    {
        headers.Add(header);
        return headers.Count - 1;
    }
}
