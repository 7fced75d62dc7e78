using System.Globalization;

namespace Metering.Fuzz.Tests;

/// <summary>What a run is asked to do, from the environment; without any of it, the short form that every change goes through.</summary>
/// <param name="Seed">METERING_FUZZ_SEED: where all choices come from.</param>
/// <param name="Inputs">METERING_FUZZ_INPUTS: inputs of all families together.</param>
/// <param name="Only">METERING_FUZZ_INPUT=FAMILY:NUMBER: this one input alone; null for all.</param>
internal sealed record FuzzSettings(int Seed, int Inputs, (string Family, int Number)? Only)
{
    private const int DefaultSeed = 20261121;
    private const int DefaultInputs = 20_000;

    public static FuzzSettings Current { get; } = Read();

    /// <summary>The command that sends exactly one input again.</summary>
    public string Replay(string family, int number) =>
        $"METERING_FUZZ_SEED={Seed} METERING_FUZZ_INPUT={family}:{number} ./test.sh Metering.Fuzz.Tests";

    /// <summary>The numbers of a family's inputs.</summary>
    public IReadOnlyList<int> NumbersOf(IInputFamily family) => Only switch
    {
        null => [.. Enumerable.Range(0, Math.Max(1, (int)((long)Inputs * family.Percent / 100)))],
        { } only when only.Family == family.Name => [only.Number],
        _ => [],
    };

    private static FuzzSettings Read()
    {
        string? one = Environment.GetEnvironmentVariable("METERING_FUZZ_INPUT");
        string[] parts = one?.Split(':') ?? [];
        if (one is not null && (parts.Length != 2 || InputFamilies.All.All(family => family.Name != parts[0])))
            throw new InvalidOperationException($"METERING_FUZZ_INPUT is '{one}': FAMILY:NUMBER is needed, such as json:12.");
        return new FuzzSettings(
            Number("METERING_FUZZ_SEED", DefaultSeed), Number("METERING_FUZZ_INPUTS", DefaultInputs),
            one is null ? null : (parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture)));
    }

    private static int Number(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
