using Google.Protobuf.Reflection;
using global::Grpc.Reflection.V1;
using Request = global::Grpc.Reflection.V1.ServerReflectionRequest;
using Response = global::Grpc.Reflection.V1.ServerReflectionResponse;
using V1Alpha = global::Grpc.Reflection.V1Alpha;

namespace Metering.Grpc;

/// <summary>
/// The standard reflection service. v1 and v1alpha have the same messages under different names, so the same handler on
/// the v1 messages serves both.
/// </summary>
public static class ReflectionService
{
    private const int RequestBytesMaximum = RpcLimits.ReflectionRequestBytes;

    /// <summary><c>grpc.reflection.v1</c> and <c>v1alpha</c> about the given services and about themselves.</summary>
    public static IReadOnlyList<RpcService> About(IEnumerable<RpcService> services)
    {
        ServiceDescriptor[] own =
        [
            ReflectionReflection.Descriptor.Services.Single(),
            V1Alpha.ReflectionReflection.Descriptor.Services.Single(),
        ];
        ServiceDescriptor[] all = [.. services.Select(service => service.Descriptor), .. own];
        string[] names = [.. all.Select(service => service.FullName).Order(StringComparer.Ordinal)];
        var answers = new ReflectionAnswers(new DescriptorIndex(all), names);
        return [.. own.Select(descriptor => new RpcService(descriptor).Duplex(
            "ServerReflectionInfo",
            ProtobufCodec<Request>.Instance,
            ProtobufCodec<Response>.Instance,
            answers.ConverseAsync,
            RequestBytesMaximum))];
    }
}

/// <summary>Answers reflection's questions; a question without an answer is an error inside the stream, which goes on.</summary>
internal sealed class ReflectionAnswers(DescriptorIndex index, IReadOnlyList<string> services)
{
    public async ValueTask<RpcStatus> ConverseAsync(RpcReader<Request> questions, RpcWriter<Response> answers, RpcCall call)
    {
        while (await questions.ReadAsync())
            await answers.WriteAsync(Answer(questions.Current));
        return RpcStatus.Ok;
    }

    public Response Answer(Request question)
    {
        Response answer = question.MessageRequestCase switch
        {
            Request.MessageRequestOneofCase.FileByFilename =>
                File(index.FindFile(question.FileByFilename), $"no file {question.FileByFilename}"),
            Request.MessageRequestOneofCase.FileContainingSymbol =>
                File(index.FindSymbol(question.FileContainingSymbol), $"no symbol {question.FileContainingSymbol}"),
            Request.MessageRequestOneofCase.FileContainingExtension => Extension(question.FileContainingExtension),
            Request.MessageRequestOneofCase.AllExtensionNumbersOfType => ExtensionNumbers(question.AllExtensionNumbersOfType),
            Request.MessageRequestOneofCase.ListServices => ListServices(),
            _ => Error(RpcCode.InvalidArgument, "the request asks for nothing"),
        };
        answer.ValidHost = question.Host;
        answer.OriginalRequest = question;
        return answer;
    }

    private static Response File(FileDescriptor? file, string missing) => file is null
        ? Error(RpcCode.NotFound, missing)
        : new Response { FileDescriptorResponse = new FileDescriptorResponse { FileDescriptorProto = { DescriptorIndex.Closure(file) } } };

    private static Response Error(RpcCode code, string message) =>
        new() { ErrorResponse = new ErrorResponse { ErrorCode = (int)code, ErrorMessage = message } };

    private Response Extension(ExtensionRequest extension) => File(
        index.FindExtension(extension.ContainingType, extension.ExtensionNumber),
        $"no extension {extension.ExtensionNumber} of {extension.ContainingType}");

    private Response ExtensionNumbers(string type) => index.ExtensionNumbers(type) is { } numbers
        ? new Response { AllExtensionNumbersResponse = new ExtensionNumberResponse { BaseTypeName = type, ExtensionNumber = { numbers } } }
        : Error(RpcCode.NotFound, $"no message {type}");

    private Response ListServices() => new()
    {
        ListServicesResponse = new ListServiceResponse { Service = { services.Select(name => new ServiceResponse { Name = name }) } },
    };
}
