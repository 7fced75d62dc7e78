using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Google.Api;
using Google.Protobuf.Reflection;
using Metering.Grpc;
using Microsoft.AspNetCore.Http;

namespace Metering.Server;

/// <summary>The OpenAPI 3 description of every REST path, made from the descriptors that the paths are served from.</summary>
internal sealed partial class OpenApiDocument
{
    /// <summary>Where it is served.</summary>
    public const string Path = "/openapi.json";

    private const string Json = "application/json";
    private const string WholeBody = "*";
    private const string Refusal = "#/components/responses/Refusal";
    private const string TokenScheme = "bearer";

    // What anybody may call; a test asks every path without a token.
    private static readonly HashSet<string> Open =
    [
        "yandex.cloud.endpoint.ApiEndpointService.Get",
        "yandex.cloud.endpoint.ApiEndpointService.List",
        "yandex.cloud.iam.v1.IamTokenService.Create",
        "yandex.cloud.iam.v1.IamTokenService.Revoke",
    ];

    private readonly OpenApiSchemas _schemas = new();
    private readonly JsonObject _paths = [];

    private OpenApiDocument()
    {
    }

    /// <summary>Describes the services' methods that have a <c>google.api.http</c> option.</summary>
    public static JsonObject Of(IEnumerable<ServiceDescriptor> services)
    {
        var document = new OpenApiDocument();
        foreach (MethodDescriptor method in services.SelectMany(service => service.Methods))
        {
            if (method.GetOptions()?.GetExtension(AnnotationsExtensions.Http) is not { } rule)
                continue;
            document.Add(method, rule, method.FullName);
            for (int index = 0; index < rule.AdditionalBindings.Count; index++)
                document.Add(method, rule.AdditionalBindings[index], $"{method.FullName}.{index + 2}");
        }

        return document.Whole();
    }

    /// <summary>Answers requests for the document, and lets all others pass.</summary>
    public static Func<HttpContext, RequestDelegate, Task> Serve(IEnumerable<RpcService> services)
    {
        byte[] body = System.Text.Encoding.UTF8.GetBytes(Of(services.Select(service => service.Descriptor)).ToJsonString());
        return (context, next) =>
        {
            if (context.Request.Path != Path || !HttpMethods.IsGet(context.Request.Method))
                return next(context);
            context.Response.ContentType = Json;
            context.Response.ContentLength = body.Length;
            return context.Response.Body.WriteAsync(body, 0, body.Length, context.RequestAborted);
        };
    }

    private void Add(MethodDescriptor method, HttpRule rule, string operationId)
    {
        (string httpMethod, string template) = Pattern(rule);
        HashSet<FieldDescriptor> taken = [];
        var parameters = new JsonArray();
        string path = Variable().Replace(template, match =>
        {
            FieldDescriptor field = method.InputType.FindFieldByName(match.Groups["field"].Value);
            taken.Add(field);
            parameters.Add(Parameter(field, "path"));
            return $"{{{field.JsonName}}}";
        });
        var operation = new JsonObject { ["operationId"] = operationId, ["tags"] = new JsonArray(method.Service.FullName) };
        if (rule.Body.Length > 0)
            operation["requestBody"] = Body(method.InputType, rule.Body);
        if (rule.Body != WholeBody)
        {
            foreach (FieldDescriptor field in method.InputType.Fields.InDeclarationOrder().Where(field => field.Name != rule.Body && !taken.Contains(field)))
                parameters.Add(Parameter(field, "query"));
        }

        if (parameters.Count > 0)
            operation["parameters"] = parameters;
        bool isOpen = Open.Contains(method.FullName);
        operation["responses"] = Responses(method.OutputType, rule.ResponseBody, isOpen);
        if (!isOpen)
            operation["security"] = new JsonArray(new JsonObject { [TokenScheme] = new JsonArray() });
        if (_paths[path] is not JsonObject operations)
            _paths[path] = operations = [];
        operations[httpMethod] = operation;
    }

    private JsonObject Body(MessageDescriptor request, string body) => new()
    {
        ["required"] = true,
        ["content"] = Content(body == WholeBody ? _schemas.Reference(request) : _schemas.Field(request.FindFieldByName(body))),
    };

    private JsonObject Responses(MessageDescriptor answer, string field, bool isOpen)
    {
        var responses = new JsonObject
        {
            ["200"] = new JsonObject
            {
                ["description"] = "The answer.",
                ["content"] = Content(field.Length == 0 ? _schemas.Reference(answer) : _schemas.Field(answer.FindFieldByName(field))),
            },
        };
        string[] refusals = isOpen ? ["400", "429", "503", "default"] : ["400", "401", "403", "429", "503", "default"];
        foreach (string status in refusals)
            responses[status] = new JsonObject { ["$ref"] = Refusal };
        return responses;
    }

    private JsonObject Parameter(FieldDescriptor field, string place) => new()
    {
        ["name"] = field.JsonName,
        ["in"] = place,
        ["required"] = place == "path",
        ["schema"] = _schemas.Field(field),
    };

    private JsonObject Whole() => new()
    {
        ["openapi"] = "3.0.3",
        ["info"] = new JsonObject { ["title"] = "Marketplace Metering", ["version"] = "1" },
        ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
        ["paths"] = _paths,
        ["components"] = new JsonObject
        {
            ["schemas"] = _schemas.Schemas,
            ["responses"] = new JsonObject
            {
                ["Refusal"] = new JsonObject { ["description"] = "A refusal: the gRPC code, in words, with details.", ["content"] = Content(RefusalSchema()) },
            },
            ["securitySchemes"] = new JsonObject { [TokenScheme] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } },
        },
    };

    // google.rpc.Status as JSON; its details are of any type, which each one names.
    private static JsonObject RefusalSchema() => new()
    {
        ["type"] = "object",
        ["required"] = new JsonArray("code", "message", "details"),
        ["properties"] = new JsonObject
        {
            ["code"] = new JsonObject { ["type"] = "integer", ["format"] = "int32" },
            ["message"] = new JsonObject { ["type"] = "string" },
            ["details"] = new JsonObject
            {
                ["type"] = "array",
                ["items"] = new JsonObject
                {
                    ["type"] = "object",
                    ["properties"] = new JsonObject { ["@type"] = new JsonObject { ["type"] = "string" } },
                    ["additionalProperties"] = true,
                },
            },
        },
    };

    private static JsonObject Content(JsonObject schema) => new() { [Json] = new JsonObject { ["schema"] = schema } };

    private static (string HttpMethod, string Template) Pattern(HttpRule rule) => rule.PatternCase switch
    {
        HttpRule.PatternOneofCase.Get => ("get", rule.Get),
        HttpRule.PatternOneofCase.Put => ("put", rule.Put),
        HttpRule.PatternOneofCase.Post => ("post", rule.Post),
        HttpRule.PatternOneofCase.Delete => ("delete", rule.Delete),
        HttpRule.PatternOneofCase.Patch => ("patch", rule.Patch),
        _ => throw new FormatException($"OpenAPI cannot describe the binding {rule}."),
    };

    [GeneratedRegex(@"\{(?<field>\w+)(=[^}]*)?\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable();
}
