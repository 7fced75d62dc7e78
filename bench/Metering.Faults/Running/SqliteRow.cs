using Metering.Ledger.Sqlite;

namespace Metering.Faults;

/// <summary>Flips a bit of a stored value, behind every check of the schema.</summary>
internal static class SqliteRow
{
    /// <summary>Flips one bit of one row's column.</summary>
    public static void Flip(string ledger, string table, string column, Random random)
    {
        using Database database = Database.OpenForWriting(ledger);
        database.Execute("PRAGMA ignore_check_constraints = ON");
        long rows = database.QueryNumber($"SELECT count(*) FROM {table}");
        string row = $"FROM {table} LIMIT 1 OFFSET {random.NextInt64(rows)}";
        string key = table switch
        {
            "batch" => "number",
            "hour_total" => "(owner, sku, hour)",
            "hour_rejection" => "(owner, reason, hour)",
            _ => "id",
        };
        using Statement read = database.Prepare($"SELECT {column} {row}");
        read.Step();
        byte[] blob = read.Bytes(0).ToArray();
        string type = database.QueryText($"SELECT typeof({column}) {row}");
        long number = type == "integer" ? read.Number(0) : 0;
        read.Reset();
        string columns = key.Trim('(', ')');
        using Statement write = database.Prepare($"UPDATE {table} SET {column} = ?1 WHERE {key} = (SELECT {columns} {row})");
        if (type == "integer")
        {
            write.Bind(1, number ^ (1L << random.Next(20))).Run();
            return;
        }

        blob[random.Next(blob.Length)] ^= (byte)(1 << random.Next(8));
        write.Bind(1, blob).Run();
    }
}
