using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>A field of a request that a path or a query names: <c>name</c>, <c>part.id</c>.</summary>
internal sealed class FieldPath
{
    private readonly IReadOnlyList<FieldDescriptor> _fields;

    private FieldPath(string text, IReadOnlyList<FieldDescriptor> fields)
    {
        Text = text;
        _fields = fields;
    }

    public string Text { get; }

    /// <summary>Null when the message has no such field, or one that no single text can fill.</summary>
    public static FieldPath? Find(MessageDescriptor message, string text)
    {
        List<FieldDescriptor> fields = [];
        MessageDescriptor? within = message;
        foreach (string name in text.Split('.'))
        {
            if (within is null || within.IsWellKnown() || !JsonNames.Of(within).TryGetValue(name, out FieldDescriptor? field))
                return null;
            if (fields.Count > 0 && fields[^1].IsRepeated)
                return null;
            fields.Add(field);
            within = field.FieldType == FieldType.Message ? field.MessageType : null;
        }

        return fields[^1].IsMap || (within is not null && !within.HasTextForm()) ? null : new FieldPath(text, fields);
    }

    /// <summary>Sets the field, or adds to it when it is repeated; null, or what is wrong with the text.</summary>
    public string? Fill(IMessage message, string text)
    {
        IMessage target = message;
        for (int index = 0; index < _fields.Count - 1; index++)
        {
            IFieldAccessor accessor = _fields[index].Accessor;
            if (accessor.GetValue(target) is not IMessage inner)
                accessor.SetValue(target, inner = _fields[index].MessageType.NewMessage());
            target = inner;
        }

        FieldDescriptor field = _fields[^1];
        if (!ScalarText.TryParse(field, text, out object? value))
            return $"{Text}: {ScalarText.Quote(text)} is not {ScalarText.NameOf(field)}";
        if (field.IsRepeated)
            ((IList)field.Accessor.GetValue(target)).Add(value);
        else
            field.Accessor.SetValue(target, value);
        return null;
    }
}
