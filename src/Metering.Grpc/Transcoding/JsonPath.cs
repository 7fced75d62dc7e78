using System.Text;

namespace Metering.Grpc;

/// <summary>Where in a JSON document the reader is: <c>usageRecords[3].quantity</c>.</summary>
internal sealed class JsonPath
{
    private readonly StringBuilder _text = new();

    public int Mark() => _text.Length;

    public void PushField(string name)
    {
        if (_text.Length > 0)
            _text.Append('.');
        _text.Append(name);
    }

    public void PushIndex(int index) => _text.Append('[').Append(index).Append(']');

    public void PushKey(string key) => _text.Append('[').Append(ScalarText.Quote(key)).Append(']');

    public void PopTo(int mark) => _text.Length = mark;

    public override string ToString() => _text.ToString();
}
