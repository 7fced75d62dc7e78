using System.Security.Cryptography;

namespace Metering.Client;

/// <summary>How an authorized key signs.</summary>
public enum KeyAlgorithm
{
    /// <summary>RSA with 2048 bits.</summary>
    Rsa2048,

    /// <summary>RSA with 4096 bits.</summary>
    Rsa4096,
}

/// <summary>An authorized key with its private half, as its file holds it. Secret: never log <see cref="PrivateKey"/>.</summary>
public sealed class AuthorizedKeyFile
{
    internal AuthorizedKeyFile(
        string id, string serviceAccountId, DateTimeOffset createdAt, KeyAlgorithm algorithm, string publicKey, string privateKey)
    {
        Id = id;
        ServiceAccountId = serviceAccountId;
        CreatedAt = createdAt;
        Algorithm = algorithm;
        PublicKey = publicKey;
        PrivateKey = privateKey;
    }

    /// <summary>The key's id, the JWT's <c>kid</c>. Empty until the server has chosen one.</summary>
    public string Id { get; }

    /// <summary>Whose key it is.</summary>
    public string ServiceAccountId { get; }

    /// <summary>When it was registered.</summary>
    public DateTimeOffset CreatedAt { get; }

    /// <summary>How it signs.</summary>
    public KeyAlgorithm Algorithm { get; }

    /// <summary>The algorithm as files and the API spell it: <c>RSA_2048</c> or <c>RSA_4096</c>.</summary>
    public string AlgorithmName => Name(Algorithm);

    /// <summary>SubjectPublicKeyInfo, PEM.</summary>
    public string PublicKey { get; }

    /// <summary>PKCS#8, PEM. Secret.</summary>
    public string PrivateKey { get; }

    /// <summary>Makes a new key pair, in memory.</summary>
    /// <param name="serviceAccountId">Whose key it is to be.</param>
    /// <param name="algorithm">How it signs.</param>
    /// <param name="createdAt">The time now.</param>
    /// <param name="id">Its id; empty: the server chooses one, see <see cref="RegisteredAs"/>.</param>
    public static AuthorizedKeyFile Create(string serviceAccountId, KeyAlgorithm algorithm, DateTimeOffset createdAt, string id = "")
    {
        using RSA rsa = RSA.Create(Bits(algorithm));
        return new AuthorizedKeyFile(
            id, serviceAccountId, createdAt, algorithm, rsa.ExportSubjectPublicKeyInfoPem() + "\n", rsa.ExportPkcs8PrivateKeyPem() + "\n");
    }

    /// <summary>The same key under the id and time that the server gave it.</summary>
    public AuthorizedKeyFile RegisteredAs(string id, DateTimeOffset createdAt) =>
        new(id, ServiceAccountId, createdAt, Algorithm, PublicKey, PrivateKey);

    /// <summary>Reads a key file.</summary>
    /// <exception cref="KeyFileException">It cannot be read or is no key file; the message names file and member.</exception>
    public static AuthorizedKeyFile Read(string path)
    {
        try
        {
            return KeyFileFormat.Parse(File.ReadAllText(path), path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new KeyFileException($"The key file {path} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>Reads a key file's text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">Where it is from, for messages.</param>
    /// <exception cref="KeyFileException">It is no key file; the message names source and member.</exception>
    public static AuthorizedKeyFile Parse(string json, string source) => KeyFileFormat.Parse(json, source);

    /// <summary>The file's text.</summary>
    public string ToJson() => KeyFileFormat.Write(this);

    /// <summary>
    /// Writes the file, readable by its owner alone (mode 0600), whole or not at all: a file of the same name is
    /// replaced in one step, and never seen half-written.
    /// </summary>
    /// <exception cref="KeyFileException">It exists and <paramref name="overwrite"/> is false, or it cannot be written.</exception>
    public void Write(string path, bool overwrite = false)
    {
        string fresh = $"{path}.{Guid.NewGuid():N}.tmp";
        bool isNamed = false;
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var file = new FileStream(fresh, options))
            {
                file.Write(System.Text.Encoding.UTF8.GetBytes(ToJson()));
                file.Flush();
                FileSync.Flush(file.SafeFileHandle, path);
            }

            File.Move(fresh, path, overwrite);
            isNamed = true;
            DirectorySync.Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            if (File.Exists(fresh))
                File.Delete(fresh);
            string why =
                fault is DirectoryNotFoundException ? "its folder does not exist."
                : File.Exists(path) && !overwrite && !isNamed ? "it exists already, and was left as it is."
                : fault.Message;
            throw new KeyFileException($"The key file {path} cannot be written: {why}", fault);
        }
    }

    internal static string Name(KeyAlgorithm algorithm) => algorithm == KeyAlgorithm.Rsa4096 ? "RSA_4096" : "RSA_2048";

    internal static int Bits(KeyAlgorithm algorithm) => algorithm == KeyAlgorithm.Rsa4096 ? 4096 : 2048;
}

/// <summary>A key file is wrong or cannot be used; the message says which, where and what to do, and holds no secret.</summary>
public sealed class KeyFileException(string message, Exception? cause = null) : Exception(message, cause);
