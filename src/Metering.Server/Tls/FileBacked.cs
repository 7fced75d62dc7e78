using System.Security.Cryptography;
using System.Text;

namespace Metering.Server;

/// <summary>What became of files that changed.</summary>
/// <param name="IsFault">Whether they cannot be used.</param>
/// <param name="Sentence">For the log.</param>
internal readonly record struct FileNotice(bool IsFault, string Sentence);

/// <summary>
/// Something made of files, and made anew while the server runs, when they change or its time comes. Files that cannot be
/// used change nothing: what was made before stays, and there is one notice.
/// </summary>
/// <remarks>
/// Files are compared by what they hold, since their times lie (links that are swapped, archives that are unpacked). They
/// are used once two looks in a row found the same, so that a certificate is not paired with the key before its own.
/// <see cref="Check"/> is called by one thread; <see cref="Current"/> is read by any.
/// </remarks>
/// <param name="name">What it is, as in "the new NAME".</param>
/// <param name="files">The files; none when only its time makes it anew.</param>
/// <param name="load">Makes it.</param>
/// <param name="dueAt">When it is to be made anew although no file changed.</param>
/// <param name="time">The clock.</param>
internal sealed class FileBacked<T>(string name, IReadOnlyList<string> files, Func<T> load, Func<T, DateTimeOffset> dueAt, TimeProvider time)
    where T : class
{
    // A renewal that fails, or that helps for a short time only, is not tried at every look.
    private static readonly TimeSpan DueAgainAfter = TimeSpan.FromHours(1);

    private string _used = Contents(files); // before it is made: what changes meanwhile is then seen
    private T _current = load();
    private string? _seen;
    private string? _lastFault;
    private DateTimeOffset _notDueBefore = DateTimeOffset.MinValue;

    /// <summary>The one to use now.</summary>
    public T Current => Volatile.Read(ref _current);

    /// <summary>Looks at the files and the clock.</summary>
    /// <returns>What happened; null when nothing did, or the same as before.</returns>
    public FileNotice? Check()
    {
        DateTimeOffset now = time.GetUtcNow();
        string contents = Contents(files);
        bool isChanged = contents != _used && contents == _seen;
        bool isDue = now >= dueAt(Current) && now >= _notDueBefore;
        _seen = contents;
        if (!isChanged && !isDue)
            return null;
        _notDueBefore = now + DueAgainAfter;
        _used = contents;
        return Load();
    }

    private FileNotice? Load()
    {
        try
        {
            Volatile.Write(ref _current, load());
            _lastFault = null;
            return new FileNotice(IsFault: false, $"A new {name} is in use.");
        }
        catch (Exception fault) when (fault is UnusableFileException or CryptographicException)
        {
            string? before = _lastFault;
            _lastFault = fault.Message;
            return before == fault.Message ? null
                : new FileNotice(IsFault: true, $"The new {name} cannot be used, the one before stays in use: {fault.Message}");
        }
    }

    // The hash of all that they hold: keys are not kept. A file that is away or locked is a state like others.
    private static string Contents(IReadOnlyList<string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in files)
        {
            try
            {
                byte[] bytes = File.ReadAllBytes(file);
                hash.AppendData(SHA256.HashData(bytes));
                CryptographicOperations.ZeroMemory(bytes);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                hash.AppendData(Encoding.UTF8.GetBytes(fault.GetType().Name));
            }
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
