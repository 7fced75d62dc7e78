namespace Metering.Ledger.Sqlite;

/// <summary>The moments of sealing and merging at which a crash leaves different files behind; tests look at each.</summary>
internal enum IndexStep
{
    /// <summary>The new file has all its bytes, but not its name, and may not be durable.</summary>
    Written,

    /// <summary>The new file has its name; files that it replaces are still there.</summary>
    Named,

    /// <summary>The new run is used.</summary>
    Used,

    /// <summary>One of the files that it replaces is gone.</summary>
    Deleted,
}
