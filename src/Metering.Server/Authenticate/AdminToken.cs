using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Metering.Ledger;
using Microsoft.Extensions.Primitives;

namespace Metering.Server;

/// <summary>
/// The token of administrative calls: made once, in a file of the data directory that only its owner can read. Kept in
/// memory as a hash, compared in fixed time.
/// </summary>
public sealed class AdminToken
{
    /// <summary>The file's name in the data directory.</summary>
    public const string FileName = "admin.token";

    private const string Prefix = "mma_";
    private const string Scheme = "Bearer ";
    private const int RandomBytes = 32;
    private const int CharactersMaximum = Limits.AdminTokenCharacters;

    private static readonly int Characters = Prefix.Length + Base64Url.GetEncodedLength(RandomBytes);

    private readonly byte[] _hash;

    private AdminToken(string path, string text)
    {
        Path = path;
        _hash = HashOf(text);
    }

    /// <summary>Where the token can be read by who may.</summary>
    public string Path { get; }

    /// <summary>Reads the token; the first start makes it.</summary>
    /// <exception cref="UnusableFileException">The file is damaged, readable by everybody, or cannot be read or made.</exception>
    public static AdminToken LoadOrCreate(string dataDirectory)
    {
        string path = System.IO.Path.Combine(dataDirectory, FileName);
        if (!File.Exists(path))
        {
            string made = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));
            DurableFile.Write(path, made + "\n", DurableFile.OwnerOnly);
        }

        DurableFile.RefuseIfOpenToEverybody(path);
        string text = DurableFile.Read(path).Trim();
        return HasForm(text)
            ? new AdminToken(path, text)
            : throw new UnusableFileException(path, "this is not an admin token; delete the file, and the next start makes a new one");
    }

    /// <summary>The token itself, from its file.</summary>
    /// <exception cref="UnusableFileException">The file cannot be read any more.</exception>
    public string Read() => DurableFile.Read(Path).Trim();

    /// <summary>The token that the nodes of this store have agreed on, which takes the place of this one, in the file too.</summary>
    /// <exception cref="UnusableFileException">It is no admin token, or the file cannot be written.</exception>
    public AdminToken Become(string agreed)
    {
        if (HashOf(agreed).AsSpan().SequenceEqual(_hash))
            return this;
        if (!HasForm(agreed))
            throw new UnusableFileException(Path, "the database holds something else in the place of the nodes' admin token");
        DurableFile.Write(Path, agreed + "\n", DurableFile.OwnerOnly);
        return new AdminToken(Path, agreed);
    }

    /// <summary>Whether a request carries the admin token.</summary>
    /// <param name="authorization">The values of the authorization header.</param>
    public bool IsCarriedBy(StringValues authorization) =>
        authorization.Count == 1
        && authorization[0] is { } header
        && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && header.Length <= CharactersMaximum
        && CryptographicOperations.FixedTimeEquals(HashOf(header[Scheme.Length..].Trim(' ')), _hash);

    private static bool HasForm(string text) => text.StartsWith(Prefix, StringComparison.Ordinal) && text.Length == Characters
        && Base64Url.IsValid(text.AsSpan(Prefix.Length));

    private static byte[] HashOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
