namespace Metering.Grpc;

/// <summary>A value or a refusal: what a handler answers.</summary>
public readonly struct RpcResult<T>
{
    private readonly T? _value;

    private RpcResult(T? value, RpcStatus? status)
    {
        _value = value;
        Status = status;
    }

    /// <summary>Whether this is a value.</summary>
    public bool IsOk => Status is null;

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">This is a refusal.</exception>
    public T Value => Status is null ? _value! : throw new InvalidOperationException($"A refusal has no value: {Status.Code}.");

    /// <summary>The refusal; null when this is a value.</summary>
    public RpcStatus? Status { get; }

    /// <summary>A value.</summary>
    public static implicit operator RpcResult<T>(T value) => new(value, null);

    /// <summary>A refusal.</summary>
    /// <exception cref="ArgumentException">The status is OK, which refuses nothing.</exception>
    public static implicit operator RpcResult<T>(RpcStatus status) => status.Code == RpcCode.Ok
        ? throw new ArgumentException("OK is no refusal: answer with a value.", nameof(status))
        : new(default, status);
}
