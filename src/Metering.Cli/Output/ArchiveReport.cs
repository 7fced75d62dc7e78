using System.Globalization;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary>Archives as the commands show them.</summary>
internal static class ArchiveReport
{
    /// <summary>A table, one archive a line.</summary>
    public static void WriteTable(IEnumerable<Archive> archives, Terminal terminal)
    {
        var table = new TextTable(
            new TextColumn("file"), new TextColumn("records", IsNumber: true), new TextColumn("bytes", IsNumber: true),
            new TextColumn("first accepted"), new TextColumn("last accepted"), new TextColumn("sha256", IsOptional: true), new TextColumn("there"));
        foreach (Archive archive in archives)
        {
            table.Add(
                archive.FileName.Length > 0 ? archive.FileName : "(would be made)", Figures.Group(archive.Records), Figures.Group(archive.Bytes),
                TimeOf(archive.FirstAccepted), TimeOf(archive.LastAccepted), archive.Sha256,
                archive.FileName.Length == 0 ? string.Empty : archive.Present ? "yes" : new TextCell("elsewhere", Shade.Changed));
        }

        if (!table.IsEmpty)
            table.Write(terminal);
    }

    /// <summary>The members of a JSON object.</summary>
    public static void WriteJson(Archive archive, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("fileName", archive.FileName);
        json.WriteNumber("records", archive.Records);
        json.WriteNumber("bytes", archive.Bytes);
        json.WriteString("firstAccepted", TimeOf(archive.FirstAccepted));
        json.WriteString("lastAccepted", TimeOf(archive.LastAccepted));
        json.WriteNumber("firstBatch", archive.FirstBatch);
        json.WriteNumber("lastBatch", archive.LastBatch);
        json.WriteString("sha256", archive.Sha256);
        json.WriteBoolean("present", archive.Present);
        json.WriteEndObject();
    }

    /// <summary>RFC 3339, with as many digits as there are.</summary>
    public static string TimeOf(Timestamp? moment)
    {
        if (moment is null)
            return string.Empty;
        string seconds = DateTimeOffset.FromUnixTimeSeconds(moment.Seconds).ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        string fraction = moment.Nanos == 0 ? string.Empty : $".{moment.Nanos:D9}".TrimEnd('0');
        return $"{seconds}{fraction}Z";
    }
}
