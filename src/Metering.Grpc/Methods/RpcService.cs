using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>
/// A service and the handlers of its methods. Messages larger than a method's <c>maximumMessageBytes</c> (decompressed)
/// are refused with RESOURCE_EXHAUSTED. A handler runs to its end even after the client was told DEADLINE_EXCEEDED.
/// </summary>
public sealed class RpcService(ServiceDescriptor descriptor)
{
    private readonly Dictionary<string, RpcMethod> _methods = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unserved = new(StringComparer.Ordinal);
    private Func<RpcCall, RpcStatus?>? _guard;

    /// <summary>The service that is implemented.</summary>
    public ServiceDescriptor Descriptor { get; } = descriptor;

    internal IReadOnlyCollection<RpcMethod> Methods => _methods.Values;

    /// <summary>Methods that are declared and deliberately not served.</summary>
    internal IReadOnlySet<string> UnservedMethods => _unserved;

    /// <summary>Run once, when the server begins to stop.</summary>
    internal Action? OnStopping { get; init; }

    /// <summary>Registers a unary method with codecs of its own.</summary>
    /// <param name="method">The method's name in the descriptor.</param>
    /// <param name="requestCodec">Reads requests, and takes them back.</param>
    /// <param name="responseCodec">Writes responses.</param>
    /// <param name="handler">Answers one request.</param>
    /// <param name="maximumMessageBytes">Largest request message, in bytes.</param>
    public RpcService Unary<TRequest, TResponse>(
        string method,
        MessageCodec<TRequest> requestCodec,
        MessageCodec<TResponse> responseCodec,
        Func<TRequest, RpcCall, ValueTask<RpcResult<TResponse>>> handler,
        int maximumMessageBytes) =>
        Add(new UnaryMethod<TRequest, TResponse>(Find(method, false, false), requestCodec, responseCodec, handler, maximumMessageBytes));

    /// <summary>Registers a unary method on generated messages.</summary>
    public RpcService Unary<TRequest, TResponse>(
        string method, Func<TRequest, RpcCall, ValueTask<RpcResult<TResponse>>> handler, int maximumMessageBytes)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        Unary(method, RequestCodec<TRequest>(method), ResponseCodec<TResponse>(method), handler, maximumMessageBytes);

    /// <summary>Registers a method that streams its answer, with codecs of its own.</summary>
    public RpcService ServerStreaming<TRequest, TResponse>(
        string method,
        MessageCodec<TRequest> requestCodec,
        MessageCodec<TResponse> responseCodec,
        Func<TRequest, RpcWriter<TResponse>, RpcCall, ValueTask<RpcStatus>> handler,
        int maximumMessageBytes) =>
        Add(new ServerStreamingMethod<TRequest, TResponse>(
            Find(method, false, true), requestCodec, responseCodec, handler, maximumMessageBytes));

    /// <summary>Registers a method that streams its answer, on generated messages.</summary>
    public RpcService ServerStreaming<TRequest, TResponse>(
        string method, Func<TRequest, RpcWriter<TResponse>, RpcCall, ValueTask<RpcStatus>> handler, int maximumMessageBytes)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        ServerStreaming(method, RequestCodec<TRequest>(method), ResponseCodec<TResponse>(method), handler, maximumMessageBytes);

    /// <summary>Registers a method that takes a stream, with codecs of its own.</summary>
    public RpcService ClientStreaming<TRequest, TResponse>(
        string method,
        MessageCodec<TRequest> requestCodec,
        MessageCodec<TResponse> responseCodec,
        Func<RpcReader<TRequest>, RpcCall, ValueTask<RpcResult<TResponse>>> handler,
        int maximumMessageBytes) =>
        Add(new ClientStreamingMethod<TRequest, TResponse>(
            Find(method, true, false), requestCodec, responseCodec, handler, maximumMessageBytes));

    /// <summary>Registers a method that takes a stream, on generated messages.</summary>
    public RpcService ClientStreaming<TRequest, TResponse>(
        string method, Func<RpcReader<TRequest>, RpcCall, ValueTask<RpcResult<TResponse>>> handler, int maximumMessageBytes)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        ClientStreaming(method, RequestCodec<TRequest>(method), ResponseCodec<TResponse>(method), handler, maximumMessageBytes);

    /// <summary>Registers a method that streams both ways, with codecs of its own.</summary>
    public RpcService Duplex<TRequest, TResponse>(
        string method,
        MessageCodec<TRequest> requestCodec,
        MessageCodec<TResponse> responseCodec,
        Func<RpcReader<TRequest>, RpcWriter<TResponse>, RpcCall, ValueTask<RpcStatus>> handler,
        int maximumMessageBytes) =>
        Add(new DuplexMethod<TRequest, TResponse>(Find(method, true, true), requestCodec, responseCodec, handler, maximumMessageBytes));

    /// <summary>Registers a method that streams both ways, on generated messages.</summary>
    public RpcService Duplex<TRequest, TResponse>(
        string method, Func<RpcReader<TRequest>, RpcWriter<TResponse>, RpcCall, ValueTask<RpcStatus>> handler, int maximumMessageBytes)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        Duplex(method, RequestCodec<TRequest>(method), ResponseCodec<TResponse>(method), handler, maximumMessageBytes);

    /// <summary>Leaves a declared method out on purpose: its callers hear UNIMPLEMENTED, as for one that is not known.</summary>
    /// <param name="method">The method's name in the descriptor.</param>
    public RpcService Unserved(string method)
    {
        if (Descriptor.FindMethodByName(method) is null)
            throw new ArgumentException($"{Descriptor.FullName} has no method {method}.", nameof(method));
        if (_methods.ContainsKey(method) || !_unserved.Add(method))
            throw new ArgumentException($"{Descriptor.FullName}/{method} was registered before.", nameof(method));
        return this;
    }

    /// <summary>
    /// Puts a guard before all methods of the service. It is asked before anything of a request is read, so that whom it
    /// turns away cannot make the server hold a message: null lets a call in.
    /// </summary>
    public RpcService Guarded(Func<RpcCall, RpcStatus?> guard)
    {
        if (_guard is not null)
            throw new InvalidOperationException($"{Descriptor.FullName} has a guard already.");
        _guard = guard;
        foreach (RpcMethod method in _methods.Values)
            method.Guard = guard;
        return this;
    }

    private RpcService Add(RpcMethod method)
    {
        method.Guard = _guard;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(method.MaximumMessageBytes);
        if (_unserved.Contains(method.Descriptor.Name) || !_methods.TryAdd(method.Descriptor.Name, method))
            throw new ArgumentException($"{method.Name} was registered before.");
        return this;
    }

    private MethodDescriptor Find(string name, bool isClientStreaming, bool isServerStreaming)
    {
        MethodDescriptor method = Descriptor.FindMethodByName(name)
            ?? throw new ArgumentException($"{Descriptor.FullName} has no method {name}.", nameof(name));
        if (method.IsClientStreaming != isClientStreaming || method.IsServerStreaming != isServerStreaming)
            throw new ArgumentException($"{method.FullName} does not stream in the way that it is registered.", nameof(name));
        return method;
    }

    private MessageCodec<T> RequestCodec<T>(string method)
        where T : class, IMessage<T>, new() => Codec<T>(method, Descriptor.FindMethodByName(method)?.InputType);

    private MessageCodec<T> ResponseCodec<T>(string method)
        where T : class, IMessage<T>, new() => Codec<T>(method, Descriptor.FindMethodByName(method)?.OutputType);

    private static ProtobufCodec<T> Codec<T>(string method, MessageDescriptor? declared)
        where T : class, IMessage<T>, new() =>
        declared is null || declared.ClrType == typeof(T)
            ? ProtobufCodec<T>.Instance
            : throw new ArgumentException($"{method} is declared with {declared.FullName}, not with {typeof(T)}.", nameof(method));
}
