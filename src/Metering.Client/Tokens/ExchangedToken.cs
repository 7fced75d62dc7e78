namespace Metering.Client;

/// <summary>
/// A token exchanged for a key and renewed when four fifths of its life are over. However many calls need one, one
/// exchange runs at a time; while a renewal fails, the old token serves until it ends.
/// </summary>
internal sealed class ExchangedToken(Func<Task<IamToken>> exchange, TimeProvider time) : ITokenSource
{
    private const double LifePartBeforeRenewal = 0.8;

    private readonly Lock _lock = new();
    private IamToken? _current;
    private DateTimeOffset _renewAt;
    private Task<IamToken>? _renewal;

    /// <inheritdoc/>
    public async ValueTask<string?> GetAsync(CancellationToken cancellationToken)
    {
        Task<IamToken> renewal;
        IamToken? usable;
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            if (_current is not null && now < _renewAt)
                return _current.Value;
            usable = _current is not null && now < _current.ExpiresAt ? _current : null;
            // Runs on its own, so that one caller who gives up does not take the token from the others.
            renewal = _renewal ??= Task.Run(RenewAsync, CancellationToken.None);
        }

        try
        {
            return (await renewal.WaitAsync(cancellationToken)).Value;
        }
        catch (MeteringException) when (usable is not null)
        {
            return usable.Value;
        }
    }

    /// <inheritdoc/>
    public bool Refused(string? token)
    {
        lock (_lock)
        {
            // Another call may have renewed it already: then only that newer one is worth a try.
            if (_current?.Value == token)
                _current = null;
        }

        return true;
    }

    private async Task<IamToken> RenewAsync()
    {
        try
        {
            DateTimeOffset asked = time.GetUtcNow();
            IamToken token = await exchange();
            lock (_lock)
            {
                _current = token;
                _renewAt = asked + ((token.ExpiresAt - asked) * LifePartBeforeRenewal);
            }

            return token;
        }
        finally
        {
            lock (_lock)
                _renewal = null;
        }
    }
}
