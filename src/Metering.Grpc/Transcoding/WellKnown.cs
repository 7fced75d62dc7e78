using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>The messages of google.protobuf that JSON spells in a way of their own.</summary>
internal static class WellKnown
{
    public const string Timestamp = "google.protobuf.Timestamp";
    public const string Duration = "google.protobuf.Duration";
    public const string FieldMask = "google.protobuf.FieldMask";
    public const string Struct = "google.protobuf.Struct";
    public const string Value = "google.protobuf.Value";
    public const string ListValue = "google.protobuf.ListValue";
    public const string Any = "google.protobuf.Any";

    private const string WrappersFile = "google/protobuf/wrappers.proto";
    private const int WrappedFieldNumber = 1;

    public static bool IsWellKnown(this MessageDescriptor message) =>
        message.IsWrapper() || message.FullName is Timestamp or Duration or FieldMask or Struct or Value or ListValue or Any;

    /// <summary>Int64Value and its like: JSON shows the value alone, and the generated code a nullable value.</summary>
    public static bool IsWrapper(this MessageDescriptor message) => message.File.Name == WrappersFile;

    public static FieldDescriptor WrappedField(this MessageDescriptor wrapper) => wrapper.FindFieldByNumber(WrappedFieldNumber);

    /// <summary>Whether one text says the whole message, so that a path or a query can.</summary>
    public static bool HasTextForm(this MessageDescriptor message) =>
        message.IsWrapper() || message.FullName is Timestamp or Duration or FieldMask;

    public static IMessage NewMessage(this MessageDescriptor message) => message.Parser.ParseFrom(ByteString.Empty);
}
