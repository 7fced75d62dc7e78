using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Metering.Cli;

/// <summary>
/// A file that an export writes, so that it can be broken off at any moment, by kill -9 too, and go on. Until it is whole it is
/// <c>FILE.part</c>, and <c>FILE.part.cursor</c> tells how far it came: the cursor is written only once everything before it is
/// on disk, and what a broken export wrote beyond it is cut off. In the end it is renamed, so that FILE is always whole.
/// </summary>
internal sealed class ExportFile : IDisposable
{
    // What is lost at most, and has to be fetched again: so much is written between two places that are kept.
    private const long StepBytes = 16 * 1024 * 1024;
    private const int PlaceBytesMaximum = 64 * 1024;

    private readonly string _path;
    private readonly FileStream _part;
    private readonly SafeFileHandle _handle; // the stream's own: asking it for its handle would move it
    private readonly string _question;
    private long _keptBytes;
    private Task _keeping = Task.CompletedTask;

    private ExportFile(string path, FileStream part, SafeFileHandle handle, ExportPlace place)
    {
        (_path, _part, _handle, _question, _keptBytes) = (path, part, handle, place.Question, place.Bytes);
        (Cursor, Records, Bytes) = (place.Cursor, place.Records, place.Bytes);
        IsResumed = place.Bytes > 0;
    }

    /// <summary>The place after everything that was written; empty at the beginning.</summary>
    public string Cursor { get; private set; }

    /// <summary>Records written, those of before included.</summary>
    public long Records { get; private set; }

    /// <summary>Bytes written, those of before included.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether an export that was broken off goes on.</summary>
    public bool IsResumed { get; }

    /// <summary>Makes the names in a folder durable; tests look on.</summary>
    internal Action<string> KeepNames { get; set; } = DirectorySync.Flush;

    /// <summary>Begins an export, or goes on with one that was broken off.</summary>
    /// <param name="path">The file that is to be.</param>
    /// <param name="question">What is exported.</param>
    /// <param name="restart">Begin anew, whatever is there.</param>
    /// <exception cref="CommandException">The file is there already, or what was broken off is another export.</exception>
    public static ExportFile Open(string path, string question, bool restart)
    {
        if (File.Exists(path))
            throw new CommandException(ExitCodes.BadUsage, $"{path} is there already: name another file, or remove it.");
        string partPath = PartOf(path);
        ExportPlace place = restart ? new ExportPlace(question, string.Empty, 0, 0) : PlaceOf(path, question);
        SafeFileHandle handle = File.OpenHandle(partPath, FileMode.OpenOrCreate, FileAccess.Write);
        var part = new FileStream(handle, FileAccess.Write, bufferSize: 256 * 1024);
        try
        {
            if (part.Length < place.Bytes)
                throw new CommandException(
                    ExitCodes.BadUsage, $"{partPath} is shorter than {CursorOf(path)} says: somebody changed it. Begin anew with --restart.");
            part.SetLength(place.Bytes);
            part.Seek(place.Bytes, SeekOrigin.Begin);
            return new ExportFile(path, part, handle, place);
        }
        catch
        {
            part.Dispose();
            throw;
        }
    }

    /// <summary>Adds a piece. It is kept for good by one of the next calls, or by <see cref="Keep"/>.</summary>
    public void Add(ReadOnlySpan<byte> lines, long records, string cursor)
    {
        _part.Write(lines);
        Bytes += lines.Length;
        Records += records;
        Cursor = cursor;
        if (Bytes - _keptBytes >= StepBytes)
            BeginKeeping();
    }

    /// <summary>Makes everything that was added durable, then its place.</summary>
    public void Keep()
    {
        BeginKeeping();
        Settle();
    }

    /// <summary>The export is whole: the file gets its name. What tells how to go on goes once that is durable.</summary>
    public void Finish()
    {
        Settle();
        _part.Flush();
        FileSync.Flush(_handle, PartOf(_path));
        _part.Dispose();
        File.Move(PartOf(_path), _path);
        KeepNames(Path.GetDirectoryName(Path.GetFullPath(_path))!);
        File.Delete(CursorOf(_path));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _keeping.ContinueWith(static kept => _ = kept.Exception, TaskScheduler.Default).Wait();
        _part.Dispose();
    }

    /// <summary>The file until it is whole.</summary>
    public static string PartOf(string path) => path + ".part";

    // The disk writes while more is fetched; the next step waits for it, so that what is not on disk stays bounded.
    private void BeginKeeping()
    {
        Settle();
        _part.Flush();
        _keptBytes = Bytes;
        var place = new ExportPlace(_question, Cursor, Bytes, Records);
        _keeping = Task.Run(() =>
        {
            FileSync.Flush(_handle, PartOf(_path));
            WriteWhole(CursorOf(_path), place.ToString());
        });
    }

    private void Settle() => _keeping.GetAwaiter().GetResult();

    private static string CursorOf(string path) => PartOf(path) + ".cursor";

    private static ExportPlace PlaceOf(string path, string question)
    {
        var start = new ExportPlace(question, string.Empty, 0, 0);
        // A place without its file is left over from an export that was whole, or never began.
        if (!File.Exists(PartOf(path)) || !File.Exists(CursorOf(path)))
            return start;
        ExportPlace place = ExportPlace.Parse(InputFile.ReadText(CursorOf(path), "place of the export", PlaceBytesMaximum))
            ?? throw new CommandException(ExitCodes.BadUsage, $"{CursorOf(path)} is damaged. Begin anew with --restart.");
        return place.Question == question ? place : throw new CommandException(
            ExitCodes.BadUsage,
            $"{PartOf(path)} is of an export with other filters or another format. Ask as before, or begin anew with --restart.");
    }

    private static void WriteWhole(string path, string text)
    {
        string aside = path + ".new";
        using (var file = new FileStream(aside, FileMode.Create, FileAccess.Write))
        {
            file.Write(Encoding.UTF8.GetBytes(text));
            file.Flush();
            FileSync.Flush(file.SafeFileHandle, aside);
        }

        DirectorySync.Rename(aside, path, overwrite: true);
    }
}
