using SQLitePCL;

namespace Metering.EndToEnd.Tests;

/// <summary>Reaches into a database behind the product's back.</summary>
internal static class SqliteFile
{
    /// <summary>Runs statements on a file, which is made when missing.</summary>
    public static void Execute(string file, string sql)
    {
        Batteries_V2.Init();
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_open(file, out sqlite3 database));
        using (database)
            Assert.True(raw.sqlite3_exec(database, sql) == raw.SQLITE_OK, raw.sqlite3_errmsg(database).utf8_to_string());
    }
}
