using System.Text.Json;
using System.Text.Json.Nodes;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Fuzz.Tests;

/// <summary>The body of a REST refusal.</summary>
internal sealed record RestError(int Code, string Message)
{
    /// <summary>Null when the body is none.</summary>
    public static RestError? Read(byte[] body) => Parse(body) is { } json && json["code"] is { } code && json["message"] is { } message
        ? new RestError((int)code, (string)message!)
        : null;

    public static JsonObject? Parse(byte[] body)
    {
        try
        {
            return body is [(byte)'{', ..] ? JsonNode.Parse(body) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What an answer to a Write says about its records.</summary>
internal static class AcceptedRecords
{
    /// <summary>How many were accepted; null when the answer does not say, and they may or may not be counted.</summary>
    public static int? In(Answer answer)
    {
        const int deadlineExceeded = 4, gatewayTimeout = 504;
        if (!answer.IsWhole || answer.GrpcStatuses.Exists(status => status.Code == deadlineExceeded) || answer.HttpStatuses.Contains(gatewayTimeout))
            return null;
        int accepted = 0;
        foreach (byte[] body in answer.Bodies)
        {
            if (RestError.Parse(body) is { } json)
            {
                accepted += json["accepted"] is JsonArray records ? records.Count : 0;
            }
            else if (body is [1, ..])
            {
                return null; // compressed
            }
            else if (body.Length >= 5 && answer.GrpcStatuses.Count > 0)
            {
                accepted += WriteUsageResponse.Parser.ParseFrom(body.AsSpan(5)).Accepted.Count;
            }
        }

        return accepted;
    }
}
