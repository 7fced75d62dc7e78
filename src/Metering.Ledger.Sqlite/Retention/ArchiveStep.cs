namespace Metering.Ledger.Sqlite;

/// <summary>The moments of archiving at which a crash leaves something else behind; tests look at each.</summary>
internal enum ArchiveStep
{
    /// <summary>The file has all its bytes, durably, but not its name.</summary>
    Written,

    /// <summary>The file has its name.</summary>
    Named,

    /// <summary>The file and its name were fsynced.</summary>
    Durable,

    /// <summary>The file was read back and is what the ledger holds.</summary>
    Proven,

    /// <summary>Its uuids are in runs of the index, durably.</summary>
    Sealed,

    /// <summary>Some of its totals are in the ledger, but not the archive itself.</summary>
    Summed,

    /// <summary>The ledger notes the archive: from here on, the records are there and nowhere else.</summary>
    Noted,

    /// <summary>Some of the records were dropped from the ledger's file.</summary>
    Dropped,
}
