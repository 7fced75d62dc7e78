using SQLitePCL;

namespace Metering.Faults;

/// <summary>Reaches into a database behind the product's back.</summary>
internal static class SqliteFile
{
    /// <summary>Runs statements on a file, which is made when missing.</summary>
    public static void Execute(string file, string sql)
    {
        Batteries_V2.Init();
        if (raw.sqlite3_open(file, out sqlite3 database) != raw.SQLITE_OK)
            throw new FaultsException($"{file} cannot be opened.");
        using (database)
        {
            if (raw.sqlite3_exec(database, sql) != raw.SQLITE_OK)
                throw new FaultsException(raw.sqlite3_errmsg(database).utf8_to_string());
        }
    }
}
