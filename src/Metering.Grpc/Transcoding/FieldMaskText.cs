using System.Text;
using Google.Protobuf.WellKnownTypes;

namespace Metering.Grpc;

/// <summary>A field mask in JSON: paths in lowerCamelCase with commas between.</summary>
internal static class FieldMaskText
{
    public static FieldMask Parse(string text) =>
        new() { Paths = { text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(ToSnakeCase) } };

    public static string Format(FieldMask mask) => string.Join(',', mask.Paths.Select(ToCamelCase));

    private static string ToSnakeCase(string path)
    {
        var snake = new StringBuilder(path.Length + 8);
        foreach (char character in path)
        {
            if (char.IsAsciiLetterUpper(character))
                snake.Append('_').Append(char.ToLowerInvariant(character));
            else
                snake.Append(character);
        }

        return snake.ToString();
    }

    private static string ToCamelCase(string path)
    {
        var camel = new StringBuilder(path.Length);
        bool isRaised = false;
        foreach (char character in path)
        {
            if (character != '_')
                camel.Append(isRaised ? char.ToUpperInvariant(character) : character);
            isRaised = character == '_';
        }

        return camel.ToString();
    }
}
