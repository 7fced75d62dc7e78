namespace Metering.Server.Tests;

/// <summary>Small damage to a text, replayable by the seed of its randomness.</summary>
internal static class Mutations
{
    private const string Characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \0é";

    /// <summary>The text with a character replaced, removed, inserted or moved; never the text itself.</summary>
    public static string Alter(string text, Random random)
    {
        while (true)
        {
            int position = random.Next(text.Length);
            char character = Characters[random.Next(Characters.Length)];
            string altered = random.Next(5) switch
            {
                0 => text[..position] + character + text[(position + 1)..],
                1 => text.Remove(position, 1),
                2 => text.Insert(position, character.ToString()),
                3 => text[..^1] + character, // the last character has bits that no byte needs
                _ => text[position..] + text[..position],
            };
            if (altered != text)
                return altered;
        }
    }
}
