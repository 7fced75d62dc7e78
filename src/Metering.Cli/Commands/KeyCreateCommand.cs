using System.CommandLine;
using Metering.Client;

namespace Metering.Cli;

/// <summary><c>metering key create</c>: makes a key pair here, registers its public half, and keeps the private one in a file.</summary>
internal static class KeyCreateCommand
{
    private const string Examples =
        """
        metering key create --service-account ACCOUNT --output key.json
        metering token create --key key.json

        The private key is made on this machine and never leaves it; the server gets the public one. The file (mode 0600)
        is the authorized key that the official SDKs read.
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("create", "Makes a key for a service account and registers its public half.", Examples);
        var account = new Option<string>("--service-account") { HelpName = "ID", Required = true, Description = "Whose key it is to be" };
        var output = new Option<string>("--output", "-o") { HelpName = "FILE", Required = true, Description = "Where to write the key" };
        var algorithm = new Option<string>("--algorithm")
        {
            HelpName = "RSA_2048|RSA_4096", Description = "How it signs", DefaultValueFactory = _ => "RSA_2048",
        };
        algorithm.AcceptOnlyFromAmong("RSA_2048", "RSA_4096");
        var force = new Option<bool>("--force") { Description = "Replace the file if it exists" };
        foreach (Option option in new Option[] { account, output, algorithm, force })
            command.Add(option);
        var connection = new ConnectionOptions(command, Credentials.AdminToken);
        command.SetAction(async (line, cancellationToken) =>
        {
            string shown = line.GetRequiredValue(output);
            string path = terminal.PathOf(shown);
            bool overwrite = line.GetValue(force);
            if (Directory.Exists(path))
                throw new CommandException(ExitCodes.BadUsage, $"{shown} is a folder: name a file.");
            if (File.Exists(path) && !overwrite)
                throw new CommandException(ExitCodes.BadUsage,
                    $"{shown} exists already and was left as it is: choose another name, or pass --force to replace it.");

            using MeteringClient client = connection.Connect(line, terminal);
            AuthorizedKeyFile key = AuthorizedKeyFile.Create(
                line.GetRequiredValue(account),
                line.GetValue(algorithm) == "RSA_4096" ? KeyAlgorithm.Rsa4096 : KeyAlgorithm.Rsa2048,
                terminal.Time.GetUtcNow());
            AuthorizedKeyFile registered = await RegisterAsync(client, key, path, overwrite, cancellationToken);
            terminal.Output.WriteLine(
                $"Key {registered.Id} of {registered.ServiceAccountId} is in {shown}. Keep it secret: it is the only copy.");
            return ExitCodes.Done;
        });
        return command;
    }

    // The file is tried before the server hears of the key, so that a full disk or a forbidden folder leaves no key without an owner.
    private static async Task<AuthorizedKeyFile> RegisterAsync(
        MeteringClient client, AuthorizedKeyFile key, string path, bool overwrite, CancellationToken cancellationToken)
    {
        string pending = $"{path}.{Guid.NewGuid():N}.pending";
        key.Write(pending);
        try
        {
            AuthorizedKeyFile registered = await client.RegisterKeyAsync(key, cancellationToken);
            try
            {
                registered.Write(path, overwrite);
                return registered;
            }
            catch (KeyFileException)
            {
                await client.DeleteKeyAsync(registered.Id, CancellationToken.None);
                throw;
            }
        }
        finally
        {
            File.Delete(pending);
        }
    }
}
