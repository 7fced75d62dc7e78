namespace Metering.Attacks.Tests;

/// <summary>The command line of bench/attacks.sh.</summary>
public class CommandTests
{
    [Fact]
    public void Only_takes_names_with_spaces_or_commas_between()
    {
        Assert.Equal(["ping-flood", "gzip-bomb", "rapid-reset"], Parse("--only", "ping-flood,gzip-bomb", "rapid-reset").Attacks.Select(attack => attack.Name));
        Assert.Equal(AllAttacks.List, Parse().Attacks);
    }

    [Theory]
    [InlineData("There is no attack 'tickle'. There are: rapid-reset, ", "--only", "tickle")]
    [InlineData("--seconds is 0.1: 0.5 to 600 is allowed.", "--seconds", "0.1")]
    [InlineData("--writes is 0: 1 to 4000 a second is allowed.", "--writes", "0")]
    [InlineData("--document /dev/null has no place for the table", "--document", "/dev/null")]
    public void What_cannot_be_run_is_said_in_words(string message, params string[] arguments) =>
        Assert.Contains(message, Assert.Throws<AttackException>(() => Parse(arguments)).Message);

    [Fact]
    public void A_part_of_the_table_or_a_quick_look_never_goes_into_the_document()
    {
        string document = Checkout.PathOf("docs/threat-model.md");
        Assert.Equal(document, Parse("--document", document).Document);
        Assert.Null(Parse("--document", document, "--short").Document);
        Assert.Null(Parse("--document", document, "--only", "gzip-bomb").Document);
    }

    private static AttackOptions Parse(params string[] arguments)
    {
        AttackOptions? read = null;
        int code = new AttacksCommand().Create(
            options =>
            {
                read = options;
                return Task.FromResult(0);
            },
            _ => Task.FromResult(0)).Parse(arguments).Invoke(new() { EnableDefaultExceptionHandler = false });
        Assert.Equal(0, code);
        return read!;
    }
}
