using Spectre.Console;

namespace Metering.Cli;

/// <summary>A column of a table.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="IsNumber">Aligned to the right.</param>
internal sealed record TextColumn(string Title, bool IsNumber = false);

/// <summary>A cell of a table.</summary>
/// <param name="Text">What it shows.</param>
/// <param name="Shade">What it means.</param>
internal readonly record struct TextCell(string Text, Shade Shade = Shade.Plain)
{
    /// <summary>A plain cell.</summary>
    public static implicit operator TextCell(string text) => new(text);
}

/// <summary>A table: with borders and colours for a person, in bare aligned columns for a pipe.</summary>
internal sealed class TextTable(params TextColumn[] columns)
{
    private readonly List<TextCell[]> _rows = [];

    /// <summary>Whether there is any row.</summary>
    public bool IsEmpty => _rows.Count == 0;

    /// <summary>Adds a row: one cell a column.</summary>
    public void Add(params TextCell[] cells) => _rows.Add(cells);

    /// <summary>Writes the table to the output.</summary>
    public void Write(Terminal terminal)
    {
        if (terminal.OutputIsTerminal)
            WriteBordered(terminal);
        else
            WriteBare(terminal.Output);
    }

    private void WriteBordered(Terminal terminal)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = terminal.IsColourless ? ColorSystemSupport.NoColors : ColorSystemSupport.Standard,
            Out = new AnsiConsoleOutput(terminal.Output),
        });
        console.Profile.Width = terminal.Width;
        var table = new Table { Border = TableBorder.Rounded };
        foreach (TextColumn column in columns)
            table.AddColumn(new TableColumn(new Text(column.Title, new Style(decoration: Decoration.Bold))) { Alignment = column.IsNumber ? Justify.Right : Justify.Left });
        foreach (TextCell[] row in _rows)
            table.AddRow(row.Select(cell => new Text(cell.Text, StyleOf(cell.Shade))));
        console.Write(table);
    }

    private void WriteBare(TextWriter output)
    {
        int[] widths = [.. columns.Select((column, index) => _rows.Select(row => row[index].Text.Length).Append(column.Title.Length).Max())];
        foreach (IEnumerable<string> row in _rows.Select(row => row.Select(cell => cell.Text)).Prepend(columns.Select(column => column.Title)))
        {
            IEnumerable<string> padded = row.Select((text, index) => columns[index].IsNumber ? text.PadLeft(widths[index]) : text.PadRight(widths[index]));
            output.WriteLine(string.Join("  ", padded).TrimEnd());
        }
    }

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
