using System.Numerics;

namespace Metering.Cli.Tests;

public sealed class FiguresTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("999", "999")]
    [InlineData("1000", "1,000")]
    [InlineData("-123456", "-123,456")]
    [InlineData("9223372036854775808", "9,223,372,036,854,775,808")]
    public void Digits_are_grouped_in_threes(string number, string grouped) =>
        Assert.Equal(grouped, Figures.Group(BigInteger.Parse(number)));

    [Theory]
    [InlineData(0, 100, "")]
    [InlineData(100, 100, "####################")]
    [InlineData(50, 100, "##########")]
    [InlineData(1, 1_000_000, "#")]
    public void A_bar_is_as_long_as_its_part(long value, long greatest, string bar) =>
        Assert.Equal(bar, Figures.Bar(value, greatest, isTerminal: false));

    [Theory]
    [InlineData(100, "████████████████████")]
    [InlineData(1, "▏")]
    public void On_a_terminal_bars_are_drawn_to_an_eighth(long value, string bar) =>
        Assert.Equal(bar, Figures.Bar(value, value == 1 ? 1_000_000 : 100, isTerminal: true));
}
