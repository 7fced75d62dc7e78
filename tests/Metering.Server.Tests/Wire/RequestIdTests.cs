using System.Net;
using System.Text;

namespace Metering.Server.Tests;

public sealed class RequestIdTests
{
    private const string Header = "x-client-request-id";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("7b0ab9a5-a8a1-4d43-a9a5-df14d4b1e1f7", true)]
    [InlineData("order 7, try 2", true)]
    [InlineData("заказ-7", false)]
    [InlineData("a\u007fb", false)]
    public async Task An_id_of_the_client_is_echoed_when_a_header_can_hold_it_and_never_fails_the_request(string id, bool isEchoed)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        using var handler = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 };
        using var http = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Rest + "/endpoints");
        Assert.True(request.Headers.TryAddWithoutValidation(Header, id));

        using HttpResponseMessage answer = await http.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(answer.Headers.Contains("x-request-id"));
        Assert.Equal(isEchoed, answer.Headers.TryGetValues(Header, out IEnumerable<string>? echoed) && echoed.Single() == id);
    }
}
