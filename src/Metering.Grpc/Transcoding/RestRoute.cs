using Google.Api;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;

namespace Metering.Grpc;

/// <summary>One binding of <c>google.api.http</c>: an HTTP method and path that mean one method.</summary>
internal sealed class RestRoute
{
    private const string WholeBody = "*";

    private RestRoute(RpcMethod method, HttpRule rule, string httpMethod, string path)
    {
        Method = method;
        HttpMethod = httpMethod;
        Template = PathTemplate.Parse(path);
        MessageDescriptor request = method.Descriptor.InputType;
        HasBody = rule.Body.Length > 0;
        IsWholeBody = rule.Body == WholeBody;
        BodyField = HasBody && !IsWholeBody ? FieldOf(request, rule.Body) : null;
        ResponseBodyField = rule.ResponseBody.Length > 0 ? FieldOf(method.Descriptor.OutputType, rule.ResponseBody) : null;
        Variables = [.. Template.Variables.Select(variable => FieldPath.Find(request, variable.FieldPath)
            ?? throw new FormatException($"\"{path}\": {request.FullName} has no field {variable.FieldPath} that a path can fill."))];
    }

    public RpcMethod Method { get; }

    public string HttpMethod { get; }

    public PathTemplate Template { get; }

    public IReadOnlyList<FieldPath> Variables { get; }

    public bool HasBody { get; }

    /// <summary>The body is the whole request, and the query says nothing.</summary>
    public bool IsWholeBody { get; }

    /// <summary>The field that the body is, when it is not the whole request.</summary>
    public FieldDescriptor? BodyField { get; }

    /// <summary>The field that the answer is, when it is not the whole response.</summary>
    public FieldDescriptor? ResponseBodyField { get; }

    /// <summary>The bindings of a method; none when it has no annotation.</summary>
    /// <exception cref="FormatException">A binding makes no sense for its method.</exception>
    public static IEnumerable<RestRoute> Of(RpcMethod method)
    {
        HttpRule? rule = method.Descriptor.GetOptions()?.GetExtension(AnnotationsExtensions.Http);
        if (rule is null)
            return [];
        if (method.IsStreaming)
            throw new FormatException($"{method.Name} streams and cannot be had over REST: take its google.api.http option away.");
        RefuseAny(method.Descriptor.InputType, []);
        RefuseAny(method.Descriptor.OutputType, []);
        return [.. new[] { rule }.Concat(rule.AdditionalBindings).Select(binding => Make(method, binding))];
    }

    private static RestRoute Make(RpcMethod method, HttpRule rule) => rule.PatternCase switch
    {
        HttpRule.PatternOneofCase.Get => new(method, rule, HttpMethods.Get, rule.Get),
        HttpRule.PatternOneofCase.Put => new(method, rule, HttpMethods.Put, rule.Put),
        HttpRule.PatternOneofCase.Post => new(method, rule, HttpMethods.Post, rule.Post),
        HttpRule.PatternOneofCase.Delete => new(method, rule, HttpMethods.Delete, rule.Delete),
        HttpRule.PatternOneofCase.Patch => new(method, rule, HttpMethods.Patch, rule.Patch),
        HttpRule.PatternOneofCase.Custom => new(method, rule, rule.Custom.Kind, rule.Custom.Path),
        _ => throw new FormatException($"{method.Name} has a google.api.http option without a path."),
    };

    private static FieldDescriptor FieldOf(MessageDescriptor message, string name) => message.FindFieldByName(name)
        ?? throw new FormatException($"{message.FullName} has no field {name}, which a google.api.http option names.");

    // Any would need a registry of all messages to be read or shown as JSON.
    private static void RefuseAny(MessageDescriptor message, HashSet<string> seen)
    {
        if (message.FullName == WellKnown.Any)
            throw new FormatException("google.protobuf.Any cannot be had over REST.");
        if (!seen.Add(message.FullName))
            return;
        foreach (FieldDescriptor field in message.Fields.InDeclarationOrder().Where(field => field.FieldType == FieldType.Message))
            RefuseAny(field.MessageType, seen);
    }
}
