using Metering.Server;

namespace Metering.Cli;

/// <summary>Tells what <c>metering migrate</c> did and found.</summary>
internal static class MigrationReport
{
    /// <summary>For people.</summary>
    public static void Write(MoveReport report, Terminal terminal)
    {
        if (report.WasComplete)
        {
            terminal.Output.WriteLine($"Ledger {report.Ledger} was moved to {report.Place} before, completely. Nothing was done.");
            return;
        }

        foreach (string difference in report.Differences)
            terminal.Output.WriteLine(difference);
        string found = $"{Figures.Count(report.Records, "record")}, {Figures.Count(report.Totals, "total")}, "
            + $"{Figures.Count(report.Rejections, "count")} of rejections, "
            + $"{Figures.Count(report.RejectedRecords, "rejected record")}, {Figures.Count(report.Consumers, "place")} in the feed, "
            + $"{Figures.Count(report.CatalogObjects, "object")} of the catalog, "
            + $"{Figures.Count(report.SigningKeys, "signing key")}, {Figures.Count(report.Revocations, "revocation")}"
            + (report.HasAdminToken ? " and the admin token" : "");
        if (report.Differences.Count > 0)
        {
            terminal.WriteFault(
                $"{report.Place} is not the same as the ledger it was moved from, and stays closed to servers. Somebody wrote there, or the source is damaged. "
                + "Drop its schema and move again.");
            return;
        }

        terminal.Output.WriteLine(terminal.Paint("Moved, and the same to the last record: ", Shade.Good) + found + ".");
        terminal.Output.WriteLine($"The ledger is at {report.Place} now. Serve it with --store and that connection, and put the old directory away.");
    }

    /// <summary>For programs. Members are only ever added.</summary>
    public static void WriteJson(MoveReport report, Terminal terminal) => Json.Write(terminal.Output, json =>
    {
        json.WriteStartObject();
        json.WriteString("ledger", report.Ledger);
        json.WriteString("place", report.Place);
        json.WriteBoolean("complete", report.Differences.Count == 0);
        json.WriteBoolean("wasComplete", report.WasComplete);
        json.WriteNumber("records", report.Records);
        json.WriteNumber("movedRecords", report.Moved);
        if (!report.WasComplete)
        {
            json.WriteNumber("totals", report.Totals);
            json.WriteNumber("rejectionCounts", report.Rejections);
            json.WriteNumber("rejectedRecords", report.RejectedRecords);
            json.WriteNumber("consumers", report.Consumers);
            json.WriteNumber("catalogObjects", report.CatalogObjects);
            json.WriteNumber("signingKeys", report.SigningKeys);
            json.WriteNumber("revocations", report.Revocations);
            json.WriteBoolean("adminToken", report.HasAdminToken);
        }

        json.WriteStartArray("differences");
        foreach (string difference in report.Differences)
            json.WriteStringValue(difference);
        json.WriteEndArray();
        json.WriteEndObject();
    });
}
