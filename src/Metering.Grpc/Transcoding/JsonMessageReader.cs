using System.Buffers;
using System.Collections;
using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>
/// JSON into messages, by their descriptors. Names in lowerCamelCase or as declared; null is the default; unknown fields are
/// skipped whole; of a name that comes twice the last one counts; two members of one oneof are refused. Google's own parser
/// takes every number for a double and would round an int64 above 2^53.
/// </summary>
/// <remarks>Each Read… starts on the first token of its value and ends on the last one. False means that there is a fault.</remarks>
internal ref struct JsonMessageReader
{
    /// <summary>Deepest nesting of objects and arrays.</summary>
    public const int DepthMaximum = RpcLimits.JsonDepth;

    private readonly JsonPath _path = new();
    private Utf8JsonReader _json;

    private JsonMessageReader(in ReadOnlySequence<byte> json) =>
        _json = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = DepthMaximum });

    /// <summary>What is wrong, starting with the path of the field.</summary>
    public string? Fault { get; private set; }

    /// <summary>Merges a JSON document into a message, or into one field of it. Null, or what is wrong.</summary>
    public static string? Merge(in ReadOnlySequence<byte> json, IMessage target, FieldDescriptor? field = null)
    {
        var reader = new JsonMessageReader(json);
        try
        {
            reader._json.Read();
            bool isRead = field is null ? reader.ReadObject(target) : reader.ReadField(target, field);
            if (isRead)
                reader._json.Read();
            return reader.Fault;
        }
        catch (JsonException malformed)
        {
            int suffix = malformed.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            string reason = suffix < 0 ? malformed.Message : malformed.Message[..suffix];
            return $"malformed JSON at line {malformed.LineNumber + 1}, position {malformed.BytePositionInLine + 1}: {reason}";
        }
    }

    private bool ReadObject(IMessage target)
    {
        if (_json.TokenType != JsonTokenType.StartObject)
            return Mismatch($"an object of {target.Descriptor.FullName}");
        FrozenDictionary<string, FieldDescriptor> fields = JsonNames.Of(target.Descriptor);
        List<FieldDescriptor>? chosen = null;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (!TryGetText(out string name))
                return false;
            _json.Read();
            if (!fields.TryGetValue(name, out FieldDescriptor? field))
            {
                _json.Skip();
                continue;
            }

            int mark = _path.Mark();
            _path.PushField(field.JsonName);
            if (!Choose(field, ref chosen) || !ReadField(target, field))
                return false;
            _path.PopTo(mark);
        }

        return true;
    }

    private bool Choose(FieldDescriptor field, ref List<FieldDescriptor>? chosen)
    {
        if (field.RealContainingOneof is not { } oneof || _json.TokenType == JsonTokenType.Null)
            return true;
        if (chosen?.Find(other => other.RealContainingOneof == oneof && other != field) is { } other)
            return Refuse($"cannot be given together with {other.JsonName}");
        (chosen ??= []).Add(field);
        return true;
    }

    private bool ReadField(IMessage target, FieldDescriptor field)
    {
        bool holdsNull = field.FieldType == FieldType.Message && field.MessageType.FullName == WellKnown.Value;
        if (_json.TokenType == JsonTokenType.Null && !holdsNull)
        {
            field.Accessor.Clear(target);
            return true;
        }

        if (field.IsMap)
            return ReadMap((IDictionary)field.Accessor.GetValue(target), field.MessageType);
        if (field.IsRepeated)
            return ReadArray((IList)field.Accessor.GetValue(target), field);
        if (!ReadValue(field, out object? value))
            return false;
        field.Accessor.SetValue(target, value);
        return true;
    }

    private bool ReadArray(IList list, FieldDescriptor field)
    {
        if (_json.TokenType != JsonTokenType.StartArray)
            return Mismatch("an array");
        list.Clear();
        int mark = _path.Mark();
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            _path.PushIndex(list.Count);
            if (!ReadValue(field, out object? element))
                return false;
            list.Add(element);
            _path.PopTo(mark);
        }

        return true;
    }

    private bool ReadMap(IDictionary map, MessageDescriptor entry)
    {
        if (_json.TokenType != JsonTokenType.StartObject)
            return Mismatch("an object");
        map.Clear();
        FieldDescriptor keyField = entry.FindFieldByNumber(1);
        FieldDescriptor valueField = entry.FindFieldByNumber(2);
        int mark = _path.Mark();
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (!TryGetText(out string name))
                return false;
            _path.PushKey(name);
            if (!ScalarText.TryParse(keyField, name, out object? key))
                return Refuse($"the key is not {ScalarText.NameOf(keyField)}");
            _json.Read();
            if (!ReadValue(valueField, out object? value))
                return false;
            map[key!] = value;
            _path.PopTo(mark);
        }

        return true;
    }

    private bool ReadValue(FieldDescriptor field, out object? value)
    {
        value = null;
        if (field.FieldType != FieldType.Message)
            return ReadScalar(field, out value);
        MessageDescriptor type = field.MessageType;
        if (type.FullName is WellKnown.Value or WellKnown.Struct or WellKnown.ListValue)
        {
            if (!FreeFormJson.Holds(type, _json.TokenType))
                return Mismatch(ScalarText.NameOf(field));
            string? fault = FreeFormJson.TryRead(ref _json, type, out IMessage? free);
            value = free;
            return fault is null || Refuse(fault);
        }

        if (type.IsWrapper())
            return ReadScalar(type.WrappedField(), out value);
        if (type.HasTextForm())
            return _json.TokenType == JsonTokenType.String ? ReadText(field, out value) : Mismatch(ScalarText.NameOf(field));
        IMessage message = type.NewMessage();
        value = message;
        return ReadObject(message);
    }

    private bool ReadScalar(FieldDescriptor field, out object? value)
    {
        value = null;
        bool isPossible = _json.TokenType switch
        {
            JsonTokenType.String => true,
            JsonTokenType.Number => field.FieldType is not (FieldType.String or FieldType.Bytes or FieldType.Bool),
            JsonTokenType.True or JsonTokenType.False => field.FieldType == FieldType.Bool,
            _ => false,
        };
        return isPossible ? ReadText(field, out value) : Mismatch(ScalarText.NameOf(field));
    }

    private bool ReadText(FieldDescriptor field, out object? value)
    {
        value = null;
        if (!TryGetText(out string text))
            return false;
        return ScalarText.TryParse(field, text, out value) || Mismatch(ScalarText.NameOf(field));
    }

    // The token as text: what is between the quotes, or the spelling of a number or boolean.
    private bool TryGetText(out string text)
    {
        text = "";
        if (_json.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            text = RawText();
            return true;
        }

        try
        {
            text = _json.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            return Refuse("a text is not valid Unicode");
        }
    }

    private readonly string RawText() => Encoding.UTF8.GetString(_json.HasValueSequence ? _json.ValueSequence.ToArray() : _json.ValueSpan);

    private bool Mismatch(string expected)
    {
        string shown = "";
        switch (_json.TokenType)
        {
            case JsonTokenType.StartObject:
                shown = "an object";
                break;
            case JsonTokenType.StartArray:
                shown = "an array";
                break;
            case JsonTokenType.String:
                if (!TryGetText(out shown))
                    return false;
                shown = ScalarText.Quote(shown);
                break;
            default:
                shown = ScalarText.Cut(RawText());
                break;
        }

        return Refuse($"{shown} is not {expected}");
    }

    private bool Refuse(string fault)
    {
        string path = _path.ToString();
        Fault = path.Length == 0 ? fault : $"{path}: {fault}";
        return false;
    }
}
