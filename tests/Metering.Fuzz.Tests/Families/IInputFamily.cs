namespace Metering.Fuzz.Tests;

/// <summary>One kind of mutated inputs.</summary>
internal interface IInputFamily
{
    /// <summary>Its name in commands, and its part of the seed.</summary>
    string Name { get; }

    /// <summary>How many of a hundred inputs are of this family.</summary>
    int Percent { get; }

    /// <summary>An input; every choice is taken from <paramref name="random"/>.</summary>
    FuzzInput Make(Random random);
}

/// <summary>The families, and their inputs by number.</summary>
internal static class InputFamilies
{
    public static IReadOnlyList<IInputFamily> All { get; } =
        [new FrameFamily(), new MessageFamily(), new JsonFamily(), new HeaderFamily(), new TokenFamily()];

    /// <summary>The input of a number: depends on the seed, the family and the number alone.</summary>
    public static FuzzInput Make(IInputFamily family, int seed, int number)
    {
        // FNV-1a: string.GetHashCode is another in every process.
        uint hash = 2166136261;
        foreach (char character in $"{seed}:{family.Name}:{number}")
            hash = (hash ^ character) * 16777619;
        return family.Make(new Random((int)hash));
    }
}
