using Spectre.Console;

namespace Metering.Cli;

/// <summary>A column of a table.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="IsNumber">Aligned to the right.</param>
/// <param name="IsOptional">Left out where the terminal is too narrow for it.</param>
internal sealed record TextColumn(string Title, bool IsNumber = false, bool IsOptional = false);

/// <summary>A cell of a table.</summary>
/// <param name="Text">What it shows.</param>
/// <param name="Shade">What it means.</param>
internal readonly record struct TextCell(string Text, Shade Shade = Shade.Plain)
{
    /// <summary>A plain cell.</summary>
    public static implicit operator TextCell(string text) => new(text);
}

/// <summary>
/// A table: with borders and colours for a person, in bare aligned columns for a pipe or a narrow terminal. Ids and
/// numbers are never broken into several lines: they are there to be copied.
/// </summary>
internal sealed class TextTable(params TextColumn[] columns)
{
    // "│ " and " " around each cell, and "│" at the end.
    private const int BorderCharactersPerColumn = 3;
    private const int BareGapCharacters = 2;

    private readonly List<TextCell[]> _rows = [];

    /// <summary>Whether there is any row.</summary>
    public bool IsEmpty => _rows.Count == 0;

    /// <summary>Adds a row: one cell a column.</summary>
    public void Add(params TextCell[] cells) => _rows.Add(cells);

    /// <summary>Writes the table to the output.</summary>
    public void Write(Terminal terminal)
    {
        int[] shown = [.. Enumerable.Range(0, columns.Length)];
        int[] needed = [.. shown.Where(index => !columns[index].IsOptional)];
        if (!terminal.OutputIsTerminal)
            WriteBare(terminal, shown);
        else if (BorderedCharacters(shown) <= terminal.Width)
            WriteBordered(terminal, shown);
        else if (BorderedCharacters(needed) <= terminal.Width)
            WriteBordered(terminal, needed);
        else
            WriteBare(terminal, BareCharacters(shown) <= terminal.Width ? shown : needed);
    }

    private void WriteBordered(Terminal terminal, int[] shown)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = terminal.IsColourless ? ColorSystemSupport.NoColors : ColorSystemSupport.Standard,
            Out = new AnsiConsoleOutput(terminal.Output),
        });
        console.Profile.Width = terminal.Width;
        var table = new Table { Border = TableBorder.Rounded };
        foreach (TextColumn column in shown.Select(index => columns[index]))
        {
            table.AddColumn(new TableColumn(new Text(column.Title, new Style(decoration: Decoration.Bold)))
            {
                Alignment = column.IsNumber ? Justify.Right : Justify.Left,
                NoWrap = true,
            });
        }

        foreach (TextCell[] row in _rows)
            table.AddRow(shown.Select(index => new Text(row[index].Text, StyleOf(row[index].Shade))));
        console.Write(table);
    }

    private void WriteBare(Terminal terminal, int[] shown)
    {
        foreach (TextCell[] row in _rows.Prepend([.. columns.Select(column => new TextCell(column.Title, Shade.Strong))]))
        {
            var line = new System.Text.StringBuilder();
            foreach (int index in shown)
            {
                string padding = new(' ', WidthOf(index) - row[index].Text.Length);
                string text = terminal.Paint(row[index].Text, row[index].Shade);
                bool isLast = index == shown[^1];
                line.Append(columns[index].IsNumber ? padding + text : isLast ? text : text + padding)
                    .Append(' ', isLast ? 0 : BareGapCharacters);
            }

            terminal.Output.WriteLine(line.ToString().TrimEnd());
        }
    }

    private int BorderedCharacters(int[] shown) => shown.Sum(index => WidthOf(index) + BorderCharactersPerColumn) + 1;

    private int BareCharacters(int[] shown) => shown.Sum(index => WidthOf(index) + BareGapCharacters);

    private int WidthOf(int index) => _rows.Select(row => row[index].Text.Length).Append(columns[index].Title.Length).Max();

    private static Style StyleOf(Shade shade) => shade switch
    {
        Shade.Good => new Style(Color.Green),
        Shade.Changed => new Style(Color.Yellow),
        Shade.Bad => new Style(Color.Red),
        Shade.Faint => new Style(Color.Grey),
        Shade.Strong => new Style(decoration: Decoration.Bold),
        _ => Style.Plain,
    };
}
