using System.Collections.Concurrent;

namespace Metering.Server;

/// <summary>A token that was verified, with what its catalog says of it.</summary>
internal sealed class VerifiedToken(string text, TokenClaims claims)
{
    private Standing _standing = new(new object(), null);

    public string Text { get; } = text;

    public TokenClaims Claims { get; } = claims;

    public long ExpiresAtUtcTicks { get; } = claims.ExpiresAt.UtcTicks;

    /// <summary>What was found last, and for which state of things.</summary>
    public Standing LastStanding
    {
        get => Volatile.Read(ref _standing);
        set => Volatile.Write(ref _standing, value);
    }

    /// <summary>Whose token it is in one state of things; null when its key or account is gone or it is revoked.</summary>
    /// <param name="Mark">The state; holds on to nothing, so that an idle token keeps no old catalog in memory.</param>
    /// <param name="Account">Whose token it is.</param>
    internal sealed record Standing(object Mark, AuthenticatedAccount? Account);
}

/// <summary>
/// Verified tokens by their text, bounded: two generations of half the capacity each. What is used moves to the young
/// one; when that is full, the old one is dropped and the young one is old. A hit allocates nothing.
/// </summary>
/// <param name="capacity">Most tokens in both generations.</param>
internal sealed class VerifiedTokens(int capacity)
{
    private readonly Lock _turning = new();
    private Generation _young = new();
    private Generation _old = new();

    /// <summary>Tokens remembered now.</summary>
    public int Count => _young.Tokens.Count + _old.Tokens.Count;

    public VerifiedToken? Find(ReadOnlySpan<char> text)
    {
        Generation young = Volatile.Read(ref _young);
        if (young.ByText.TryGetValue(text, out VerifiedToken? token))
            return token;
        if (!Volatile.Read(ref _old).ByText.TryGetValue(text, out token))
            return null;
        Add(token);
        return token;
    }

    public void Add(VerifiedToken token)
    {
        while (true)
        {
            Generation young = Volatile.Read(ref _young);
            if (young.Tokens.ContainsKey(token.Text))
                return;

            // A place is taken before it is filled, so that racing requests never exceed the bound.
            if (Interlocked.Increment(ref young.PlacesTaken) <= capacity / 2)
            {
                young.Tokens.TryAdd(token.Text, token);
                return;
            }

            lock (_turning)
            {
                if (ReferenceEquals(_young, young))
                {
                    Volatile.Write(ref _old, young);
                    Volatile.Write(ref _young, new Generation());
                }
            }
        }
    }

    public void Remove(string text)
    {
        Volatile.Read(ref _young).Tokens.TryRemove(text, out _);
        Volatile.Read(ref _old).Tokens.TryRemove(text, out _);
    }

    private sealed class Generation
    {
        public readonly ConcurrentDictionary<string, VerifiedToken> Tokens = new(TokenTextComparer.Instance);
        public readonly ConcurrentDictionary<string, VerifiedToken>.AlternateLookup<ReadOnlySpan<char>> ByText;
        public int PlacesTaken;

        public Generation() => ByText = Tokens.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>
    /// Hashes the end of the signature only. Just tokens that this server signed get in, and nobody chooses how they
    /// end, so nobody can make them collide. A text reaches the comparison, whose time depends on where it first differs,
    /// only if its hash, keyed anew in each process, is that of a token; so a guess cannot be bettered step by step.
    /// </summary>
    private sealed class TokenTextComparer : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<char>, string>
    {
        private const int HashedCharacters = 43;

        public static readonly TokenTextComparer Instance = new();

        public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

        public int GetHashCode(string obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<char> alternate, string other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<char> alternate) =>
            string.GetHashCode(alternate[Math.Max(0, alternate.Length - HashedCharacters)..], StringComparison.Ordinal);

        public string Create(ReadOnlySpan<char> alternate) => alternate.ToString();
    }
}
