using System.Text;

namespace Metering.Cli;

/// <summary>
/// Lines of text in order, however many: those that do not fit into memory wait in sorted files, which are gone when this is
/// disposed of. Added first, then read.
/// </summary>
internal sealed class SortedLines(int linesInMemory) : IDisposable
{
    private readonly List<string> _lines = [];
    private readonly List<string> _files = [];
    private DirectoryInfo? _folder;

    /// <summary>Lines that were added.</summary>
    public long Count { get; private set; }

    /// <summary>Adds a line, which has no line feed in it.</summary>
    public void Add(string line)
    {
        _lines.Add(line);
        Count++;
        if (_lines.Count >= linesInMemory)
            Spill();
    }

    /// <summary>All lines, by their characters' numbers.</summary>
    public IEnumerable<string> Read()
    {
        _lines.Sort(StringComparer.Ordinal);
        List<IEnumerator<string>> sources = [.. _files.Select(file => File.ReadLines(file).GetEnumerator()), _lines.GetEnumerator()];
        try
        {
            var next = new PriorityQueue<IEnumerator<string>, string>(StringComparer.Ordinal);
            foreach (IEnumerator<string> source in sources.Where(source => source.MoveNext()))
                next.Enqueue(source, source.Current);
            while (next.TryDequeue(out IEnumerator<string>? source, out string? line))
            {
                yield return line;
                if (source.MoveNext())
                    next.Enqueue(source, source.Current);
            }
        }
        finally
        {
            foreach (IEnumerator<string> source in sources)
                source.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _folder?.Delete(recursive: true);

    private void Spill()
    {
        _lines.Sort(StringComparer.Ordinal);
        _folder ??= Directory.CreateTempSubdirectory("metering-sort-");
        string file = Path.Combine(_folder.FullName, $"{_files.Count}.txt");
        File.WriteAllLines(file, _lines, new UTF8Encoding(false));
        _files.Add(file);
        _lines.Clear();
    }
}
