using System.Text;

namespace Metering.Fuzz.Tests;

/// <summary>Choices of a mutation; all of an input's come from one seeded source.</summary>
internal static class RandomExtensions
{
    /// <summary>True once in so many times.</summary>
    public static bool OneIn(this Random random, int times) => random.Next(times) == 0;

    public static T Pick<T>(this Random random, IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    public static byte[] Bytes(this Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>A uuid in form, another for each input.</summary>
    public static string Uuid(this Random random)
    {
        byte[] bytes = random.Bytes(16);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString("D");
    }

    /// <summary>A text mutated as bytes; every character stands for one byte.</summary>
    public static string Damage(this Random random, string text) =>
        Encoding.Latin1.GetString(ByteMutator.Mutate(Encoding.Latin1.GetBytes(text), random));
}
