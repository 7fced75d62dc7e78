using System.Text.RegularExpressions;

namespace Metering.Architecture.Tests;

/// <summary>The parts of the style that a machine can check.</summary>
public class StyleTests
{
    private const int ReasonNeededLines = 500;
    private const int OneGoLines = 200;
    private const double MostFiles = 0.8;
    private const int LineCharacters = 170; // the editor's guide stands at 140; tables and messages may pass it a little

    private static readonly string[] Folders = ["src", "tests", "bench"];

    [Fact]
    public void A_file_over_500_lines_states_its_reason_at_the_top() =>
        Assert.Empty(Folders.SelectMany(Repository.SourceFiles).Where(path => IsTooLong(Repository.Read(path))).ToList());

    [Fact]
    public void Most_files_are_read_in_one_go()
    {
        List<int> lengths = [.. Folders.SelectMany(Repository.SourceFiles).Select(path => LinesOf(Repository.Read(path)))];
        Assert.InRange(lengths.Count(length => length < OneGoLines) / (double)lengths.Count, MostFiles, 1);
    }

    [Fact]
    public void No_type_is_named_after_nothing() =>
        Assert.Empty(Folders.SelectMany(Repository.SourceFiles)
            .SelectMany(path => Regex.Matches(Repository.Read(path), @"\b(?:class|struct|record|interface|enum)\s+(?<name>\w*(?:Manager|Helper|Util|Utils|Utilities|Impl))\b", RegexOptions.NonBacktracking)
                .Select(match => $"{path}: {match.Groups["name"].Value}")));

    [Fact]
    public void Lines_fit_a_screen() =>
        Assert.Empty(Repository.SourceFiles("src")
            .SelectMany(path => Repository.Read(path).Split('\n').Select((line, index) => (path, line, index)))
            .Where(entry => entry.line.Length > LineCharacters)
            .Select(entry => $"{entry.path}:{entry.index + 1}"));

    [Fact]
    public void The_size_rule_can_fail()
    {
        string longFile = string.Concat(Enumerable.Repeat("x\n", ReasonNeededLines + 1));
        Assert.True(IsTooLong(longFile));
        Assert.False(IsTooLong("// Over 500 lines because it is one table.\n" + longFile));
    }

    private static bool IsTooLong(string text) =>
        LinesOf(text) > ReasonNeededLines && !Regex.IsMatch(string.Join('\n', text.Split('\n').Take(5)), "Over 500 lines because .+", RegexOptions.NonBacktracking);

    private static int LinesOf(string text) => text.Count(character => character == '\n');
}
