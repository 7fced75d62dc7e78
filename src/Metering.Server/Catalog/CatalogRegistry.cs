using System.Security.Cryptography;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>What became of a catalog file.</summary>
/// <param name="Faults">Why it was refused, whole; empty when it was not.</param>
/// <param name="Differences">What differs from the catalog before; empty when it was refused or nothing does.</param>
/// <param name="Version">The version in force afterwards.</param>
public sealed record CatalogApplication(
    IReadOnlyList<CatalogFault> Faults, IReadOnlyList<CatalogDifference> Differences, long Version);

/// <summary>A key that was registered, or why not. Exactly one of the two is set.</summary>
/// <param name="Key">The key.</param>
/// <param name="Refusal">Why it was not registered.</param>
public readonly record struct KeyRegistration(AuthorizedKey? Key, Refusal? Refusal);

/// <summary>
/// Changes the catalog: one change at a time, each computed against what is stored, committed whole, and only then in
/// force. Another node may change the same store; then the change is computed anew.
/// </summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="store">Where the catalog is kept.</param>
/// <param name="holder">Where requests find the catalog in force.</param>
/// <param name="time">The clock.</param>
public sealed class CatalogRegistry(ICatalogStore store, CatalogHolder holder, TimeProvider time) : IDisposable
{
    private const int AttemptsMaximum = 10;
    private const string IdCharacters = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int RandomIdCharacters = 17;

    private readonly SemaphoreSlim _oneChange = new(1);

    /// <summary>Puts the stored catalog in force: at start, and whenever another node may have changed it.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await _oneChange.WaitAsync(cancellationToken);
        try
        {
            PutInForce(await store.ReadAsync(cancellationToken));
        }
        finally
        {
            _oneChange.Release();
        }
    }

    /// <summary>Makes the catalog what a file declares, or says all that is wrong with the file.</summary>
    /// <param name="yaml">The file's text.</param>
    /// <param name="fileName">How faults call it.</param>
    /// <param name="dryRun">Only say what would change.</param>
    /// <param name="cancellationToken">Gives up before the commit, never within.</param>
    /// <exception cref="CatalogConflictException">Others kept changing the catalog.</exception>
    public async Task<CatalogApplication> ApplyAsync(string yaml, string fileName, bool dryRun, CancellationToken cancellationToken)
    {
        var faults = new CatalogFaults(fileName);
        return CatalogReader.Read(yaml, faults) is not { } declared
            ? Refused(faults, holder.Current.Stored)
            : await ChangeAsync(
                stored =>
                {
                    var placed = new CatalogFaults(fileName);
                    CatalogComparison comparison = CatalogComparison.Compare(stored, declared, time.GetUtcNow(), placed);
                    return placed.Any
                        ? ([], Refused(placed, stored))
                        : (comparison.Puts, new CatalogApplication([], comparison.Differences, stored.Version));
                },
                dryRun,
                (application, version) => application with { Version = version },
                cancellationToken);
    }

    /// <summary>Registers the public half of a key, apart from any file.</summary>
    /// <param name="keyId">Its id; chosen here when null or empty.</param>
    /// <param name="serviceAccountId">Whose key it is.</param>
    /// <param name="algorithm">RSA_2048 or RSA_4096.</param>
    /// <param name="publicKeyPem">SubjectPublicKeyInfo, PEM.</param>
    /// <param name="cancellationToken">Gives up before the commit, never within.</param>
    /// <returns>The key; or a refusal, Malformed, NotFound for an unknown account, AlreadyExists for an id that is or was used.</returns>
    /// <exception cref="CatalogConflictException">Others kept changing the catalog.</exception>
    public async Task<KeyRegistration> RegisterKeyAsync(
        string? keyId, string serviceAccountId, string algorithm, string publicKeyPem, CancellationToken cancellationToken)
    {
        string id = string.IsNullOrEmpty(keyId) ? "ajk" + RandomNumberGenerator.GetString(IdCharacters, RandomIdCharacters) : keyId;
        if (!DeclarationReader.IsIdentifier(id))
            return Refuse(RefusalKind.InvalidForm, $"the key's id is '{Shortened(id)}'; allowed: {DeclarationReader.IdentifierForm}");
        if (!AuthorizedPublicKey.TryRead(algorithm, publicKeyPem, out AuthorizedPublicKey? read, out string fault))
            return Refuse(RefusalKind.InvalidForm, fault);

        var createdAt = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var key = new AuthorizedKey(id, serviceAccountId, createdAt, algorithm, read.Pem, Declared: false);
        return await ChangeAsync<KeyRegistration>(
            stored => Find<ServiceAccount>(stored, serviceAccountId) is not { Retired: false }
                ? ([], Refuse(
                    RefusalKind.NotFound, $"there is no service account '{Shortened(serviceAccountId)}' in the catalog"))
                : Find<AuthorizedKey>(stored, id) is { } taken
                    ? ([], Refuse(
                        RefusalKind.AlreadyExists,
                        $"the key id '{id}' {(taken.Retired ? "was used by a key that was deleted" : "is taken")}; choose another"))
                    : ([new CatalogPut(key, Retired: false)], new KeyRegistration(key, null)),
            dryRun: false,
            (registration, _) => registration,
            cancellationToken);
    }

    /// <summary>Takes a key out of use; its tokens end with it, at once.</summary>
    /// <returns>Null; or a refusal, NotFound when there is no such key.</returns>
    /// <exception cref="CatalogConflictException">Others kept changing the catalog.</exception>
    public Task<Refusal?> DeleteKeyAsync(string keyId, CancellationToken cancellationToken) => ChangeAsync<Refusal?>(
        stored => Find<AuthorizedKey>(stored, keyId) is { Retired: false } found
            ? ([new CatalogPut(found.Object, Retired: true)], null)
            : ([], new Refusal(
                RefusalKind.NotFound, $"there is no authorized key '{Shortened(keyId)}' in the catalog")),
        dryRun: false,
        (refusal, _) => refusal,
        cancellationToken);

    /// <summary>The catalog as a file that <see cref="ApplyAsync"/> takes back without a difference.</summary>
    public static string ExportYaml(StoredCatalog catalog) => CatalogYaml.Write(catalog);

    /// <inheritdoc/>
    public void Dispose() => _oneChange.Dispose();

    private async Task<TAnswer> ChangeAsync<TAnswer>(
        Func<StoredCatalog, (IReadOnlyList<CatalogPut> Puts, TAnswer Answer)> compute,
        bool dryRun,
        Func<TAnswer, long, TAnswer> withVersion,
        CancellationToken cancellationToken)
    {
        await _oneChange.WaitAsync(cancellationToken);
        try
        {
            for (int attempt = 1; ; attempt++)
            {
                StoredCatalog stored = await store.ReadAsync(cancellationToken);
                (IReadOnlyList<CatalogPut> puts, TAnswer answer) = compute(stored);
                if (puts.Count == 0 || dryRun)
                    return answer;
                try
                {
                    StoredCatalog after = await store.ApplyAsync(stored.Version, puts, cancellationToken);
                    PutInForce(after);
                    return withVersion(answer, after.Version);
                }
                catch (CatalogConflictException) when (attempt < AttemptsMaximum)
                {
                    // Another node was faster: compute the change against what it left.
                }
            }
        }
        finally
        {
            _oneChange.Release();
        }
    }

    private void PutInForce(StoredCatalog stored)
    {
        if (stored.Version > holder.Current.Stored.Version)
            holder.Current = new CatalogSnapshot(stored);
    }

    private static CatalogApplication Refused(CatalogFaults faults, StoredCatalog stored) => new(faults.InOrder(), [], stored.Version);

    private static KeyRegistration Refuse(RefusalKind kind, string message) => new(null, new Refusal(kind, message));

    private static string Shortened(string text) => DeclarationReader.Shortened(text);

    private static StoredObject? Find<TObject>(StoredCatalog stored, string id)
        where TObject : CatalogObject =>
        stored.Objects.FirstOrDefault(one => one.Object is TObject && string.Equals(one.Object.Id, id, StringComparison.Ordinal));
}
