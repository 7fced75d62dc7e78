using System.Text.Json;
using Metering.Grpc;
using Microsoft.AspNetCore.Http;

namespace Metering.Server;

/// <summary>The answer to a path that nothing serves, in the form of every REST error.</summary>
internal static class NotFound
{
    private const int ShownCharacters = 100;

    /// <summary>404 with a body that says so.</summary>
    public static async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        string shown = path.Length <= ShownCharacters ? path : path[..ShownCharacters] + "...";
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteNumber("code", (int)RpcCode.NotFound);
        json.WriteString("message", $"There is nothing at {shown}. Usage is written to /marketplace/metering/v1/productUsage/write.");
        json.WriteStartArray("details");
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
