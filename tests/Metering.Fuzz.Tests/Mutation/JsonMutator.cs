using System.Text;

namespace Metering.Fuzz.Tests;

/// <summary>Damage to JSON that knows where its tokens are: values of other types, members twice, deep and odd ones.</summary>
internal static class JsonMutator
{
    private const int StepsMaximum = 3;
    private const int DepthMaximum = 200;

    // Spelled as they travel, in Latin-1: each character is one byte.
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-0", "1", "-1", "1.0", "1e2", "10e-1", "1e400", "-1e400", "1e-400", "1E+2", "1.5", "0.1", "01", "+1", "1.", ".5",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e99999999999999",
        "\"\"", "\"0\"", "\"1e3\"", "\"9223372036854775807\"", "\"-0\"", "\" 1\"", "\"NaN\"", "NaN", "Infinity", "\"Infinity\"", "undefined",
        "[]", "{}", "[[]]", "[null]", "[{}]", "{\"a\":1}", "[1,2", "{\"a\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\ud83d\\ude00\"",
        "\"\xED\xA0\x80\"", "\"\xC0\xAF\"", "\"\xFF\"", "\"\xF4\x90\x80\x80\"", "\"\\x\"", "\"\n\"", "\"\t", "'a'", "/* */1", "// \n1", "\xEF\xBB\xBF" + "1",
        "\"2026-11-21T12:00:00Z\"", "\"2026-11-21T12:00:00.123456789+03:00\"", "\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59.999999999Z\"",
        "\"0000-00-00T00:00:00Z\"", "\"2026-02-30T00:00:00Z\"", "\"2026-11-21T24:00:00Z\"", "\"2026-11-21T12:00:00+99:99\"", "\"2026-11-21t12:00:00z\"",
        "\"9999-12-31T23:59:59-23:59\"", "\"0001-01-01T00:00:00+23:59\"", "\"2026-11-21T12:00:60Z\"", "\"00000000-0000-0000-0000-000000000000\"",
    ];

    private static readonly string[] Names =
    [
        "dryRun", "dry_run", "validateOnly", "productId", "product_id", "productInstanceId", "product_instance_id", "usageRecords", "usage_records",
        "uuid", "skuId", "sku_id", "quantity", "timestamp", "jwt", "yandexPassportOauthToken", "iamToken", "", "\\u0075uid", "\\ud800", "@type", "from", "to",
        "window", "groupBy", "unknown",
    ];

    /// <summary>One to three steps of damage; at times also damage that does not know JSON.</summary>
    public static byte[] Mutate(byte[] json, Random random, byte[] other)
    {
        if (random.OneIn(4))
            return ByteMutator.Mutate(json, random, other);
        string text = Encoding.Latin1.GetString(json);
        for (int steps = random.Next(1, StepsMaximum + 1); steps > 0; steps--)
            text = Step(text, random);
        return Encoding.Latin1.GetBytes(text);
    }

    private static string Step(string text, Random random)
    {
        List<Range> tokens = Tokens(text);
        if (tokens.Count == 0)
            return random.Pick(Values);
        (int start, int length) = random.Pick(tokens).GetOffsetAndLength(text.Length);
        string before = text[..start], token = text.Substring(start, length), after = text[(start + length)..];
        bool isName = token.StartsWith('"') && after.TrimStart().StartsWith(':');
        switch (random.Next(8))
        {
            case 0:
                return before + after;
            case 1:
                return before + token + token + after;
            case 2 when isName:
                return before + $"\"{random.Pick(Names)}\"" + after;
            case 3 when isName:
                return before + $"\"{random.Pick(Names)}\":{random.Pick(Values)}," + token + after;
            case 4 when !isName:
                string open = random.Pick(["[", "{\"a\":"]);
                int depth = random.Next(DepthMaximum);
                string close = open == "[" ? "]" : "}";
                return before + string.Concat(Enumerable.Repeat(open, depth)) + token + string.Concat(Enumerable.Repeat(close, depth)) + after;
            case 5:
                return before + random.Pick(["\t\r\n ", "\0", "\x0B", "\xEF\xBB\xBF", "\x85", ","]) + token + after;
            case 6:
                return before + token.Replace("\"", random.Pick(["'", "", "\"\""])) + after;
            default:
                return before + (isName ? $"\"{random.Pick(Names)}\"" : random.Pick(Values)) + after;
        }
    }

    // Texts, numbers, words and punctuation, roughly: good enough to aim at.
    private static List<Range> Tokens(string text)
    {
        List<Range> tokens = [];
        for (int at = 0; at < text.Length;)
        {
            int end = at + 1;
            if (text[at] == '"')
            {
                while (end < text.Length && text[end] != '"')
                    end += text[end] == '\\' ? 2 : 1;
                end = Math.Min(end + 1, text.Length);
            }
            else if (IsWord(text[at]))
            {
                while (end < text.Length && IsWord(text[end]))
                    end++;
            }

            if (!char.IsWhiteSpace(text[at]))
                tokens.Add(at..end);
            at = end;
        }

        return tokens;
    }

    private static bool IsWord(char character) => char.IsAsciiLetterOrDigit(character) || character is '-' or '+' or '.';
}
