using System.Text;

namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Archives are kept for years: their bytes never change.</summary>
public sealed class ArchiveFormatTests
{
    private static readonly Guid Ledger = new(Convert.FromHexString("000102030405060708090a0b0c0d0e0f"), bigEndian: true);

    [Fact]
    public void The_bytes_of_the_header_are_frozen()
    {
        var header = new ArchiveHeader(Ledger, 1, 2, 3, 4, 5, 6, 7, 8);
        byte[] bytes = new byte[ArchiveHeader.Bytes];
        header.Write(bytes);
        Assert.Equal(
            "4D4B544D415243" + "01" + "000102030405060708090A0B0C0D0E0F"
            + "0100000000000000" + "0200000000000000" + "0300000000000000" + "0400000000000000"
            + "0500000000000000" + "0600000000000000" + "0700000000000000" + "0800000000000000",
            Convert.ToHexString(bytes.AsSpan(0, bytes.Length - 4)));
        Assert.Equal((92, 92, 103, 427, 463, 495), (bytes.Length, header.NamesStart, header.TotalsStart, header.BatchesStart, header.EndStart, header.FileBytes));
        Assert.True(ArchiveHeader.TryRead(bytes, out ArchiveHeader read));
        Assert.Equal(header, read);
        bytes[7]++;
        Assert.False(ArchiveHeader.TryRead(bytes, out _)); // a version that is not known
    }

    [Fact]
    public async Task The_bytes_of_a_whole_file_are_frozen_and_can_be_read()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("metering-archive-");
        try
        {
            string path = Path.Combine(folder.FullName, "file.archive");
            byte[] body = BatchBodies.Columnar(9, BatchBodies.Samples);
            List<CountedRecord> records = BatchBodies.RecordsOf(BatchBodies.Samples);
            var totals = new ArchiveTotals();
            records.ForEach(record => totals.Add(record));
            var sku = new Sku("s", "Name", "p", "unit", Active: true);
            byte[] name = Encoding.UTF8.GetBytes(CatalogBodies.Write(sku));
            var header = new ArchiveHeader(
                Ledger, 9, 9, records.Count, body.Length, BatchBodies.Received, BatchBodies.Received + 2, ArchiveHeader.NameHeadBytes + name.Length, totals.Count);
            ArchiveWriter.Write(path, header, [new ArchiveName(3, CatalogKind.Sku, name)], totals.Sorted(), new OneBatch(9, records.Count, body), TestStore.Stop);

            byte[] bytes = await File.ReadAllBytesAsync(path, TestStore.Stop);
            Assert.Equal(header.FileBytes, bytes.Length);
            Assert.Equal("b93cdb7b6af533b5a2976069584e84b8c1374c333bb9667fbdf92af1c834a885", Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)));

            using ArchiveFile archive = ArchiveFile.Open(path);
            Assert.Equal(sku, archive.ReadNames()[3]);
            Assert.Equal(totals.Sorted(), archive.ReadTotals());
            using ArchiveCursor batches = archive.Batches();
            Assert.True(batches.Next());
            Assert.Equal(body, batches.Body.ToArray());
            Assert.False(batches.Next());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private sealed class OneBatch(long number, long records, byte[] body) : IBatches
    {
        private bool _isRead;

        public long Number => number;

        public long Records => records;

        public ReadOnlySpan<byte> Body => body;

        public bool Next() => !_isRead && (_isRead = true);

        public BatchReader Read() => new(number, records, body);

        public void Dispose()
        {
        }
    }
}
