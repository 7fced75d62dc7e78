using System.Text;

namespace Metering.Load;

/// <summary>The static table of HPACK: RFC 7541, appendix A. The first entry has index 1.</summary>
internal static class HpackStaticTable
{
    public const int Entries = 61;

    private static readonly byte[][] Names = new byte[Entries][];
    private static readonly byte[][] Values = new byte[Entries][];

    static HpackStaticTable()
    {
        string[] fields =
        [
            ":authority", ":method|GET", ":method|POST", ":path|/", ":path|/index.html", ":scheme|http", ":scheme|https",
            ":status|200", ":status|204", ":status|206", ":status|304", ":status|400", ":status|404", ":status|500",
            "accept-charset", "accept-encoding|gzip, deflate", "accept-language", "accept-ranges", "accept",
            "access-control-allow-origin", "age", "allow", "authorization", "cache-control", "content-disposition",
            "content-encoding", "content-language", "content-length", "content-location", "content-range", "content-type",
            "cookie", "date", "etag", "expect", "expires", "from", "host", "if-match", "if-modified-since", "if-none-match",
            "if-range", "if-unmodified-since", "last-modified", "link", "location", "max-forwards", "proxy-authenticate",
            "proxy-authorization", "range", "referer", "refresh", "retry-after", "server", "set-cookie",
            "strict-transport-security", "transfer-encoding", "user-agent", "vary", "via", "www-authenticate",
        ];
        for (int index = 0; index < Entries; index++)
        {
            string[] parts = fields[index].Split('|');
            Names[index] = Encoding.ASCII.GetBytes(parts[0]);
            Values[index] = Encoding.ASCII.GetBytes(parts.Length > 1 ? parts[1] : "");
        }
    }

    /// <summary>The entry at an index from 1 to <see cref="Entries"/>.</summary>
    public static HeaderField Get(int index) => new(Names[index - 1], Values[index - 1]);
}
