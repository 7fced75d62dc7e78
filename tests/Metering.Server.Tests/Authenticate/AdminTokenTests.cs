using System.Reflection;
using System.Runtime.Versioning;
using Microsoft.Extensions.Primitives;

namespace Metering.Server.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class AdminTokenTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering-admin-").FullName;

    private string File => Path.Combine(_directory, AdminToken.FileName);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void It_is_made_once_in_a_file_of_its_owner_alone()
    {
        AdminToken made = AdminToken.LoadOrCreate(_directory);
        string text = System.IO.File.ReadAllText(File).Trim();
        Assert.Matches("^mma_[A-Za-z0-9_-]{43}$", text);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        Assert.Equal([File], Directory.GetFiles(_directory));
        Assert.True(made.IsCarriedBy("Bearer " + text));
        Assert.True(AdminToken.LoadOrCreate(_directory).IsCarriedBy("bearer " + text));
    }

    [Fact]
    public void Nothing_but_the_token_itself_passes()
    {
        AdminToken token = AdminToken.LoadOrCreate(_directory);
        string text = System.IO.File.ReadAllText(File).Trim();
        string[] wrong =
        [
            "", "Bearer", "Bearer ", text, "Basic " + text, "Bearer " + text[..^1], "Bearer " + text + "A", "Bearer " + new string('a', 10_000),
        ];
        foreach (string header in wrong)
            Assert.False(token.IsCarriedBy(header));
        Assert.False(token.IsCarriedBy(StringValues.Empty));
        Assert.False(token.IsCarriedBy(new StringValues(["Bearer " + text, "Bearer " + text])));
        var random = new Random(7);
        for (int round = 0; round < 500; round++)
        {
            string altered = Mutations.Alter(text, random).Trim(' ');
            Assert.True(altered == text || !token.IsCarriedBy("Bearer " + altered), altered);
        }
    }

    [Fact]
    public void The_comparison_takes_the_same_time_wherever_two_tokens_differ()
    {
        MethodInfo method = typeof(AdminToken).GetMethod(nameof(AdminToken.IsCarriedBy))!;
        string[] called = [.. CallsOf(method).Select(call => $"{call.DeclaringType!.Name}.{call.Name}")];
        Assert.Contains("CryptographicOperations.FixedTimeEquals", called);
        Assert.DoesNotContain(called, name => name is "String.Equals" or "String.op_Equality" or "MemoryExtensions.SequenceEqual");
    }

    [Fact]
    public void A_damaged_file_is_refused_with_what_to_do()
    {
        System.IO.File.WriteAllText(File, "mma_short");
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        UnusableFileException exception = Assert.Throws<UnusableFileException>(() => AdminToken.LoadOrCreate(_directory));
        Assert.Equal($"{File}: this is not an admin token; delete the file, and the next start makes a new one", exception.Message);
    }

    [Fact]
    public void A_file_that_everybody_can_read_is_refused_with_what_to_do()
    {
        AdminToken.LoadOrCreate(_directory);
        System.IO.File.SetUnixFileMode(File, (UnixFileMode)0b110_100_100);
        UnusableFileException exception = Assert.Throws<UnusableFileException>(() => AdminToken.LoadOrCreate(_directory));
        Assert.Contains($"chmod 600 {File}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_is_not_there_is_named()
    {
        string missing = Path.Combine(_directory, "missing");
        UnusableFileException exception = Assert.Throws<UnusableFileException>(() => AdminToken.LoadOrCreate(missing));
        Assert.Contains(Path.Combine(missing, AdminToken.FileName) + ": cannot be written", exception.Message, StringComparison.Ordinal);
    }

    // What a method calls, by its instructions: time itself is too noisy to be asserted.
    private static IEnumerable<MethodBase> CallsOf(MethodInfo method)
    {
        const byte call = 0x28;
        byte[] instructions = method.GetMethodBody()!.GetILAsByteArray()!;
        for (int offset = 0; offset + 4 < instructions.Length; offset++)
        {
            if (instructions[offset] == call && Resolve(BitConverter.ToInt32(instructions, offset + 1)) is { } called)
                yield return called;
        }

        MethodBase? Resolve(int token)
        {
            try
            {
                return method.Module.ResolveMethod(token);
            }
            catch (ArgumentException)
            {
                return null; // a byte of an operand that looks like a call
            }
        }
    }
}
