using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Metering.Grpc;

/// <summary>A field's value as one text: what JSON strings and numbers, map keys, paths and queries have in common.</summary>
internal static class ScalarText
{
    private const int ShownCharactersMaximum = RpcLimits.ShownValueCharacters;
    private const NumberStyles RealStyle = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>The value as the generated code wants it.</summary>
    public static bool TryParse(FieldDescriptor field, string text, out object? value)
    {
        value = field.FieldType switch
        {
            FieldType.String => text,
            FieldType.Bytes => Bytes(text),
            FieldType.Bool => text switch { "true" => true, "false" => false, _ => null },
            FieldType.Enum => EnumNumber(field.EnumType, text),
            FieldType.Double => Real(text) is { } real ? real : null,
            FieldType.Float => Single(text) is { } single ? single : null,
            FieldType.Message => OfMessage(field.MessageType, text),
            _ => DecimalInteger.TryParse(text, out Int128 integer) ? Integer(field.FieldType, integer) : null,
        };
        return value is not null;
    }

    /// <summary>The kind of value that a field takes, with its article, for faults.</summary>
    public static string NameOf(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Message or FieldType.Group => field.MessageType.FullName switch
        {
            WellKnown.Timestamp => "an RFC 3339 timestamp such as 2026-01-31T23:59:59Z",
            WellKnown.Duration => "a duration such as 1.5s",
            _ when field.MessageType.IsWrapper() => NameOf(field.MessageType.WrappedField()),
            _ => $"an object of {field.MessageType.FullName}",
        },
        FieldType.Enum => $"one of {string.Join(", ", field.EnumType.Values.Select(value => value.Name))}",
        FieldType.Bytes => "base64",
        FieldType.Int32 or FieldType.Int64 => $"an {field.FieldType.ToString().ToLowerInvariant()}",
        _ => $"a {field.FieldType.ToString().ToLowerInvariant()}",
    };

    /// <summary>A text as faults show it: in quotes, and not too long.</summary>
    public static string Quote(string text) => $"\"{Cut(text)}\"";

    /// <summary>A text, not too long.</summary>
    public static string Cut(string text)
    {
        if (text.Length <= ShownCharactersMaximum)
            return text;
        int end = char.IsHighSurrogate(text[ShownCharactersMaximum - 1]) ? ShownCharactersMaximum - 1 : ShownCharactersMaximum;
        return $"{text.AsSpan(0, end)}…";
    }

    private static object? Integer(FieldType type, Int128 value) => type switch
    {
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => value >= int.MinValue && value <= int.MaxValue ? (int)value : null,
        FieldType.UInt32 or FieldType.Fixed32 => value >= 0 && value <= uint.MaxValue ? (uint)value : null,
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => value >= long.MinValue && value <= long.MaxValue ? (long)value : null,
        FieldType.UInt64 or FieldType.Fixed64 => value >= 0 && value <= ulong.MaxValue ? (ulong)value : null,
        _ => null,
    };

    private static object? EnumNumber(EnumDescriptor type, string text) => type.FindValueByName(text) is { } named
        ? named.Number
        : DecimalInteger.TryParse(text, out Int128 number) ? Integer(FieldType.Int32, number) : null;

    private static double? Real(string text) => text switch
    {
        "NaN" => double.NaN,
        "Infinity" => double.PositiveInfinity,
        "-Infinity" => double.NegativeInfinity,
        _ => double.TryParse(text, RealStyle, null, out double value) && double.IsFinite(value) ? value : null,
    };

    private static float? Single(string text) => Real(text) is { } real && (!double.IsFinite(real) || Math.Abs(real) <= float.MaxValue)
        ? (float)real
        : null;

    // Standard or URL-safe alphabet, padded or not.
    private static ByteString? Bytes(string text)
    {
        string standard = text.TrimEnd('=').Replace('-', '+').Replace('_', '/');
        standard = standard.PadRight((standard.Length + 3) / 4 * 4, '=');
        var bytes = new byte[standard.Length / 4 * 3];
        return Convert.TryFromBase64String(standard, bytes, out int length)
            ? UnsafeByteOperations.UnsafeWrap(bytes.AsMemory(0, length))
            : null;
    }

    private static object? OfMessage(MessageDescriptor type, string text)
    {
        if (type.IsWrapper())
            return TryParse(type.WrappedField(), text, out object? wrapped) ? wrapped : null;
        return type.FullName switch
        {
            WellKnown.Timestamp => TimeText.TryParse(text, out Timestamp moment) ? moment : null,
            WellKnown.Duration => TimeText.TryParse(text, out Duration span) ? span : null,
            WellKnown.FieldMask => FieldMaskText.Parse(text),
            _ => null,
        };
    }
}
