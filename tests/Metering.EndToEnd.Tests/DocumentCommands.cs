using System.Text.RegularExpressions;

namespace Metering.EndToEnd.Tests;

/// <summary>
/// The commands that a document shows: fenced blocks marked <c>sh</c>, in order. <c>sh background</c> marks one that goes
/// on running (a server, until the next one), <c>sh elsewhere</c> one that cannot run inside the tests.
/// </summary>
internal static partial class DocumentCommands
{
    public sealed record Block(string Text, bool IsBackground, int Line);

    public static IReadOnlyList<Block> Of(string markdown)
    {
        var blocks = new List<Block>();
        foreach (Match match in Fence().Matches(markdown))
        {
            string mark = match.Groups["mark"].Value.Trim();
            if (mark == "elsewhere")
                continue;
            int line = markdown[..match.Index].Count(character => character == '\n') + 1;
            blocks.Add(new Block(match.Groups["text"].Value, mark == "background", line));
        }

        return blocks;
    }

    /// <summary>One bash script that runs the blocks as a reader would, in one terminal and a second one for servers.</summary>
    public static string ToScript(IEnumerable<Block> blocks)
    {
        var script = new System.Text.StringBuilder("set -euo pipefail\n");
        foreach (Block block in blocks)
        {
            script.Append("echo \"--- line ").Append(block.Line).Append("\" >&2\n");
            if (block.IsBackground)
                script.Append("stop_server\n{\n").Append(block.Text).Append("} >server.out 2>server.err &\nwait_for_server\n");
            else
                script.Append(block.Text).Append('\n');
        }

        return script.ToString();
    }

    [GeneratedRegex(@"^```sh(?<mark>[^\n]*)\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Fence();
}
