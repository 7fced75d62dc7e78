using Metering.Ledger;

namespace Metering.Fuzz.Tests;

/// <summary>How the bytes of an input travel.</summary>
internal enum Carriage
{
    /// <summary>Frames of stream 1, whole and in order; sent on a connection shared with other inputs, under another stream number.</summary>
    Http2Stream,

    /// <summary>Everything that a client says on an HTTP/2 connection, from the preface on.</summary>
    Http2Connection,

    /// <summary>One HTTP/1.1 request that says correctly where it ends: it is answered while the client waits.</summary>
    Http1Request,

    /// <summary>Everything that a client says on an HTTP/1.1 connection before it closes its side.</summary>
    Http1Connection,
}

/// <summary>What becomes of the usage records in an input, if the server takes them.</summary>
internal enum Counting
{
    /// <summary>It is not a Write: its answer says nothing about records.</summary>
    None,

    /// <summary>What is answered as accepted is counted.</summary>
    Counts,

    /// <summary>A dry run: answered, and not counted.</summary>
    Rehearses,

    /// <summary>Not known: what is answered as accepted may be counted.</summary>
    Unknown,
}

/// <summary>One input, as bytes.</summary>
/// <param name="Carriage">How the bytes travel.</param>
/// <param name="Bytes">The bytes; the same in every run.</param>
internal sealed record FuzzInput(Carriage Carriage, byte[] Bytes)
{
    public Counting Counting { get; init; } = Counting.Unknown;

    /// <summary>Likely to end its connection, so that others had better not share it.</summary>
    public bool IsUnsociable { get; init; }

    /// <summary>Most records that it can bring, all requests of it together: each needs a uuid of 36 characters.</summary>
    public int RecordsMaximum { get; init; } = Bytes.Length / Limits.UuidCharacters;

    /// <summary>What is wrong already, without a server: two parsers that differ. Null when nothing is.</summary>
    public string? Fault { get; init; }

    /// <summary>The ending of the file that keeps such an input.</summary>
    public string FileExtension => Carriage switch
    {
        Carriage.Http2Stream => ".h2stream",
        Carriage.Http2Connection => ".h2",
        Carriage.Http1Request => ".http",
        _ => ".h1",
    };

    /// <summary>An input that was kept in a file.</summary>
    public static FuzzInput Load(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        return Enum.GetValues<Carriage>().Select(carriage => new FuzzInput(carriage, bytes)).SingleOrDefault(input => path.EndsWith(input.FileExtension))
            ?? throw new InvalidDataException($"{path}: the ending names no carriage.");
    }
}
