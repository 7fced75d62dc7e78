using System.Net;
using System.Text;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

public sealed class RestTests : IAsyncLifetime
{
    private readonly ProbeService _probe = new();
    private ProbeHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProbeHost.StartAsync(_probe.Service);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/vnd.api+json")]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData(null)]
    public async Task A_body_is_taken_whatever_its_content_type(string? contentType)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes("""{"text":"привет","count":2}"""));
        if (contentType is not null)
            content.Headers.ContentType = new(contentType);
        (HttpStatusCode code, string body, HttpResponseMessage response) = await SendAsync(HttpMethod.Post, "/probe/v1/behave", content);

        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal("""{"text":"привет","count":2,"padding":""}""", body);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("from-middleware", response.Headers.GetValues("x-request-id").Single());
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task An_empty_body_is_an_empty_message()
    {
        (HttpStatusCode code, string body, _) = await PostAsync("/probe/v1/behave", "");

        Assert.Equal((HttpStatusCode.OK, """{"text":"","count":0,"padding":""}"""), (code, body));
    }

    [Theory]
    [InlineData(RpcCode.Cancelled, 499)]
    [InlineData(RpcCode.Unknown, 500)]
    [InlineData(RpcCode.InvalidArgument, 400)]
    [InlineData(RpcCode.DeadlineExceeded, 504)]
    [InlineData(RpcCode.NotFound, 404)]
    [InlineData(RpcCode.AlreadyExists, 409)]
    [InlineData(RpcCode.PermissionDenied, 403)]
    [InlineData(RpcCode.ResourceExhausted, 429)]
    [InlineData(RpcCode.FailedPrecondition, 400)]
    [InlineData(RpcCode.Aborted, 409)]
    [InlineData(RpcCode.OutOfRange, 400)]
    [InlineData(RpcCode.Unimplemented, 501)]
    [InlineData(RpcCode.Internal, 500)]
    [InlineData(RpcCode.Unavailable, 503)]
    [InlineData(RpcCode.DataLoss, 500)]
    [InlineData(RpcCode.Unauthenticated, 401)]
    public async Task Each_code_has_its_http_status(RpcCode code, int http)
    {
        _probe.Behave = (_, _) => new(new RpcStatus(code, "why"));

        (HttpStatusCode status, string body, _) = await PostAsync("/probe/v1/behave", "{}");

        Assert.Equal(http, (int)status);
        Assert.Equal($$"""{"code":{{(int)code}},"message":"why","details":[]}""", body);
    }

    [Fact]
    public async Task Details_name_their_type()
    {
        var violation = new BadRequest.Types.FieldViolation { Field = "sku", Description = "missing" };
        var badRequest = new BadRequest { FieldViolations = { violation } };
        var retry = new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(1.5)) };
        _probe.Behave = (_, _) => new(new RpcStatus(RpcCode.InvalidArgument, "no", [badRequest, retry]));

        (_, string body, _) = await PostAsync("/probe/v1/behave", "{}");

        using JsonDocument json = JsonDocument.Parse(body);
        JsonElement details = json.RootElement.GetProperty("details");
        Assert.Equal("type.googleapis.com/google.rpc.BadRequest", details[0].GetProperty("@type").GetString());
        Assert.Equal("sku", details[0].GetProperty("fieldViolations")[0].GetProperty("field").GetString());
        Assert.Equal("type.googleapis.com/google.rpc.RetryInfo", details[1].GetProperty("@type").GetString());
        Assert.Equal("1.500s", details[1].GetProperty("retryDelay").GetString());
    }

    [Theory]
    [InlineData("""{"text": }""", "malformed JSON at line 1, position 10:")]
    [InlineData("{\n  \"text\": \"a\",\n  \"count\" 1}", "malformed JSON at line 3, position 11:")]
    [InlineData("""{"text":"a"} x""", "malformed JSON at line 1, position 14:")]
    [InlineData("""{"text":"a""", "malformed JSON at line 1,")]
    [InlineData("[]", "an array is not an object of metering.grpc.tests.BehaveRequest")]
    [InlineData("5", "5 is not an object of metering.grpc.tests.BehaveRequest")]
    [InlineData("""{"count":"abc"}""", "count: \"abc\" is not an int32")]
    public async Task Bad_json_is_refused_with_its_place(string body, string message)
    {
        (HttpStatusCode code, string answer, _) = await PostAsync("/probe/v1/behave", body);

        Assert.Equal(HttpStatusCode.BadRequest, code);
        using JsonDocument json = JsonDocument.Parse(answer);
        Assert.Equal(3, json.RootElement.GetProperty("code").GetInt32());
        Assert.StartsWith(message, json.RootElement.GetProperty("message").GetString());
        Assert.Equal(0, _probe.BehaveCodec.Reads);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_the_limit_is_refused_with_or_without_its_length(bool isChunked)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes($$"""{"text":"{{new string('a', ProbeService.BehaveBytes)}}"}"""));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/probe/v1/behave") { Content = content };
        request.Headers.TransferEncodingChunked = isChunked;
        using HttpResponseMessage response = await _host.Rest.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal("""{"code":8,"message":"the request body is larger than 4096 bytes, the limit of this method","details":[]}""", body);
    }

    [Fact]
    public async Task A_wrong_method_on_a_known_path_is_405_and_says_which_are_allowed()
    {
        (HttpStatusCode code, string body, HttpResponseMessage response) = await SendAsync(HttpMethod.Get, "/probe/v1/behave");

        Assert.Equal(HttpStatusCode.MethodNotAllowed, code);
        Assert.Equal(["POST"], response.Content.Headers.Allow);
        Assert.Equal("""{"code":12,"message":"GET is not possible here; use POST","details":[]}""", body);

        (_, _, response) = await SendAsync(HttpMethod.Post, "/probe/v1/items/x");
        Assert.Equal(["DELETE", "GET", "PUT"], response.Content.Headers.Allow);
    }

    [Fact]
    public async Task An_unknown_path_goes_on_to_the_rest_of_the_application()
    {
        (_, string body, _) = await SendAsync(HttpMethod.Get, "/probe/v2/behave");

        Assert.Equal("elsewhere", body);
    }

    [Theory]
    [InlineData("/probe/v1/items/abc", "abc")]
    [InlineData("/probe/v1/items/a%2Fb%20c", "a/b c")]
    [InlineData("/probe/v1/items/abc:find", "abc")]
    [InlineData("/probe/v1/items/a:b", "a:b")]
    [InlineData("/probe/v1/shelves/1/books/2", "shelves/1/books/2")]
    [InlineData("/probe/v1/shelves/a%2Fb/books/2", "shelves/a%2Fb/books/2")]
    [InlineData("/probe/v1/files/a/b/c", "a/b/c")]
    [InlineData("/probe/v1/items?name=q", "q")]
    public async Task Paths_fill_fields(string path, string name)
    {
        (HttpStatusCode code, string body, _) = await SendAsync(HttpMethod.Get, path);

        Assert.Equal(HttpStatusCode.OK, code);
        using JsonDocument json = JsonDocument.Parse(body);
        Assert.Equal(name, json.RootElement.GetProperty("name").GetString());
    }

    [Fact]
    public async Task Queries_fill_fields_in_either_spelling_and_the_path_wins()
    {
        (_, string body, _) = await SendAsync(
            HttpMethod.Get,
            "/probe/v1/items/n?pageSize=9223372036854775807&tags=a&tags=b&part.id=p&colour=GREEN&flag=true"
            + "&since=2026-01-02T03:04:05Z&unknown=1&name=x");

        Assert.Equal(
            """
            {"name":"n","pageSize":"9223372036854775807","tags":["a","b"],"part":{"id":"p"},
            "colour":"GREEN","flag":true,"since":"2026-01-02T03:04:05Z"}
            """.ReplaceLineEndings(""),
            body);

        (_, body, _) = await SendAsync(HttpMethod.Get, "/probe/v1/items/n?page_size=5");
        Assert.Contains("\"pageSize\":\"5\"", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_that_does_not_fit_its_field_is_refused()
    {
        (HttpStatusCode code, string body, _) = await SendAsync(HttpMethod.Get, "/probe/v1/items/n?pageSize=1.5");

        Assert.Equal(HttpStatusCode.BadRequest, code);
        Assert.Contains("pageSize: \\\"1.5\\\" is not an int64", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nested_path_fields_and_bodies_of_one_field_are_filled()
    {
        (_, string body, _) = await SendAsync(HttpMethod.Delete, "/probe/v1/items/17");
        Assert.Contains("\"part\":{\"id\":\"17\"}", body, StringComparison.Ordinal);

        (_, body, _) = await PostAsync("/probe/v1/echo:nested?text=t", """{"id":"i"}""");
        Assert.Contains("\"inner\":{\"id\":\"i\",\"quantity\":\"0\"}", body, StringComparison.Ordinal);
        Assert.Contains("\"text\":\"t\"", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exception_is_internal_says_nothing_and_is_logged()
    {
        _probe.Behave = (_, _) => throw new InvalidOperationException("secret");

        (HttpStatusCode code, string body, _) = await PostAsync("/probe/v1/behave", "{}");

        Assert.Equal((HttpStatusCode.InternalServerError, """{"code":13,"message":"internal error","details":[]}"""), (code, body));
        Assert.Contains("secret", Assert.Single(_host.Log.Faults).Text, StringComparison.Ordinal);
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task Trailers_become_headers_and_a_compressed_body_is_refused()
    {
        _probe.Behave = (_, call) =>
        {
            call.AddTrailer("x-note", "n");
            return new(new BehaveResponse());
        };

        (_, _, HttpResponseMessage response) = await PostAsync("/probe/v1/behave", "{}");
        Assert.Equal("n", response.Headers.GetValues("x-note").Single());

        using var content = new StringContent("{}");
        content.Headers.ContentEncoding.Add("gzip");
        (HttpStatusCode code, _, _) = await SendAsync(HttpMethod.Post, "/probe/v1/behave", content);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, code);
    }

    [Fact]
    public async Task A_deadline_is_504_at_once_while_the_handler_runs_to_its_end()
    {
        var time = new ManualTime();
        await using ProbeHost host = await ProbeHost.StartAsync(time, _probe.Service);
        var started = new TaskCompletionSource();
        var finish = new TaskCompletionSource();
        _probe.Behave = async (_, call) =>
        {
            started.SetResult();
            await finish.Task;
            return new BehaveResponse();
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/probe/v1/behave") { Content = new StringContent("{}") };
        request.Headers.Add("grpc-timeout", "1S");

        Task<HttpResponseMessage> call = host.Rest.SendAsync(request, TestContext.Current.CancellationToken);
        await started.Task.WaitAsync(TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromSeconds(1));
        using HttpResponseMessage response = await call;

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.Equal((1, true), (_probe.BehaveCodec.Reads, _probe.BehaveCodec.NoneReleased));
        finish.SetResult();
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.EachReleasedOnce);
    }

    private Task<(HttpStatusCode Code, string Body, HttpResponseMessage Response)> PostAsync(string path, string body) =>
        SendAsync(HttpMethod.Post, path, new StringContent(body, Encoding.UTF8, "application/json"));

    private async Task<(HttpStatusCode Code, string Body, HttpResponseMessage Response)> SendAsync(
        HttpMethod method, string path, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        HttpResponseMessage response = await _host.Rest.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), response);
    }
}
