using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering signing-key rotate</c>: makes the server sign tokens with a new key.</summary>
internal static class SigningKeyRotateCommand
{
    private const string Examples =
        """
        metering signing-key rotate
        metering signing-key rotate --drop-older

        Tokens signed before stay good until they end; an older key is dropped once no token of its can still be good.
        --drop-older is for a key that leaked: every token that is out is refused at once, and clients exchange their keys
        for new ones.
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("rotate", "Signs IAM tokens with a new key from now on.", Examples);
        var dropOlder = new Option<bool>("--drop-older") { Description = "Drop the older keys at once, and every token that they signed" };
        command.Add(dropOlder);
        var connection = new ConnectionOptions(command, Credentials.AdminToken);
        command.SetAction(async (line, cancellationToken) =>
        {
            using MeteringClient client = connection.Connect(line, terminal);
            RotateSigningKeyResponse answer = await client.RotateSigningKeyAsync(line.GetValue(dropOlder), cancellationToken);
            foreach (SigningKey key in answer.Keys)
                terminal.Output.WriteLine(key.VerifiesUntil.Length == 0
                    ? $"Key {key.KeyId} signs from now on."
                    : $"Key {key.KeyId} of {key.CreatedAt} verifies until {key.VerifiesUntil}.");
            if (line.GetValue(dropOlder))
                terminal.Output.WriteLine("The older keys are dropped: every token signed before is refused.");
            return ExitCodes.Done;
        });
        return command;
    }
}
