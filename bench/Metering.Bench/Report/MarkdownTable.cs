using System.Text;

namespace Metering.Bench;

/// <summary>A table in Markdown whose columns stand below each other, so that it is read in a terminal too.</summary>
/// <param name="titles">Titles of the columns.</param>
internal sealed class MarkdownTable(params string[] titles)
{
    private readonly List<string[]> _rows = [titles];

    /// <summary>Adds a row, one cell a column; a bar in a cell is escaped.</summary>
    public void Add(params string[] cells)
    {
        if (cells.Length != titles.Length)
            throw new ArgumentException($"A row of this table has {titles.Length} cells, not {cells.Length}.", nameof(cells));
        _rows.Add([.. cells.Select(cell => cell.Replace("|", "\\|"))]);
    }

    /// <summary>Writes it, with an empty line after it.</summary>
    public void AppendTo(StringBuilder text)
    {
        int[] widths = [.. titles.Select((_, column) => _rows.Max(row => row[column].Length))];
        for (int row = 0; row < _rows.Count; row++)
        {
            text.Append('|').AppendJoin('|', _rows[row].Select((cell, column) => $" {cell.PadRight(widths[column])} ")).Append("|\n");
            if (row == 0)
                text.Append('|').AppendJoin('|', widths.Select(width => new string('-', width + 2))).Append("|\n");
        }

        text.Append('\n');
    }
}
