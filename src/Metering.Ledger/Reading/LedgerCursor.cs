using System.Buffers.Text;

namespace Metering.Ledger;

/// <summary>
/// A place in the order in which a ledger's records were committed. What comes after it never changes and no record that is
/// committed later ever comes before it. Its bytes are the store's own; everybody else keeps them and gives them back.
/// </summary>
/// <param name="Bytes">The store's bytes; empty for the place before the first record.</param>
public readonly record struct LedgerCursor(ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Before the first record.</summary>
    public static readonly LedgerCursor Start;

    /// <summary>Whether it is the place before the first record.</summary>
    public bool IsStart => Bytes.IsEmpty;

    /// <summary>Reads what <see cref="ToString"/> wrote; false when it is nothing of the kind. Whether the ledger knows it, reading tells.</summary>
    public static bool TryParse(string text, out LedgerCursor cursor)
    {
        cursor = Start;
        if (text.Length == 0)
            return true;
        if (!Base64Url.IsValid(text))
            return false;
        cursor = new LedgerCursor(Base64Url.DecodeFromChars(text));
        return true;
    }

    /// <summary>As text: letters, digits, '-' and '_'; empty for the place before the first record.</summary>
    public override string ToString() => Base64Url.EncodeToString(Bytes.Span);

    /// <summary>The same place.</summary>
    public bool Equals(LedgerCursor other) => Bytes.Span.SequenceEqual(other.Bytes.Span);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Bytes.Span);
        return hash.ToHashCode();
    }
}
