using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering archive verify</c>: proves that an archive is whole, and the one that the ledger wrote.</summary>
internal static class ArchiveVerifyCommand
{
    private const string Examples =
        """
        metering archive verify 000000000001-000000004711-1a2b3c4d.archive

        FILE is a name in archives/ of the server's data directory; a file that was kept elsewhere has to be brought back
        there. Every byte is read, every record decoded, the sums are made again, and the ledger's note is compared. What is
        wrong is told, and the exit code is 1.
        """;

    private static readonly TimeSpan FileTime = TimeSpan.FromMinutes(10);

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("verify", "Proves that an archive is whole.", Examples);
        var file = new Argument<string>("FILE") { Description = "The file's name" };
        command.Add(file);
        var connection = new ConnectionOptions(command, Credentials.AdminToken);
        command.SetAction(async (line, cancellationToken) =>
        {
            string name = line.GetRequiredValue(file);
            using MeteringClient client = connection.Connect(line, terminal, FileTime);
            VerifyArchiveResponse answer = await client.VerifyArchiveAsync(name, cancellationToken);
            if (answer.Differences.Count > 0)
            {
                foreach (string difference in answer.Differences)
                    terminal.WriteFault(difference);
                return ExitCodes.Rejected;
            }

            Archive archive = answer.Archive;
            terminal.Output.WriteLine($"{name} is whole: {Figures.Count(archive.Records, "record")}, SHA-256 {archive.Sha256}.");
            terminal.Output.WriteLine(answer.Noted
                ? "It is what the ledger wrote."
                : "The ledger does not know it: it is of another ledger, or of a time that this copy of the ledger has not seen.");
            return ExitCodes.Done;
        });
        return command;
    }
}
