namespace Metering.Ledger.Sqlite;

/// <summary>
/// Makes one archive: the file first, durable and read back; then the note of it in the ledger, in one transaction; and
/// only then the records are dropped, a little at a time, between the groups of the writer. Wherever it ends early, either
/// the ledger has every record, or the archive is whole and noted.
/// </summary>
internal sealed class ArchiveMaker(
    StoreFile file, ArchiveFolder folder, Writer writer, OpenedIndex index, DiskSpace disk, SqliteStoreOptions options, Action<string> notice)
{
    private const int TotalsTogether = 2_000; // added in one transaction

    /// <summary>Makes an archive of the oldest records.</summary>
    /// <param name="acceptedBefore">Every one of them was accepted before this moment.</param>
    /// <param name="stopping">The store closes: what is not dropped yet is dropped at the next start.</param>
    /// <param name="cancellationToken">Gives up, until the archive is noted.</param>
    /// <exception cref="StoreException">The store cannot be read or written, or the file is not what was written.</exception>
    public async Task<ArchiveAnswer> MakeAsync(long acceptedBefore, CancellationToken stopping, CancellationToken cancellationToken)
    {
        try
        {
            using Database database = file.Connect(forWriting: false);
            List<ArchiveNote> notes = ArchiveNote.ReadAll(database);
            foreach (ArchiveNote before in notes.Where(note => note.DroppedBatch < note.LastBatch))
                await DropLeftAsync(before, database, stopping);
            (ArchiveFile File, byte[] Sha256)? made = FindUnfinished(database, notes, acceptedBefore, cancellationToken)
                ?? Write(database, notes, acceptedBefore, cancellationToken);
            if (made is not var (found, sha256))
                return new ArchiveAnswer(ArchiveOutcome.NothingOldEnough);
            using ArchiveFile archive = found;
            Reached(ArchiveStep.Proven);
            if (!await SealAsync(archive.Header.LastBatch))
                return Full();
            Reached(ArchiveStep.Sealed);
            cancellationToken.ThrowIfCancellationRequested();
            ArchiveNote note = await NoteAsync(archive, sha256, notes.Count + 1);
            Reached(ArchiveStep.Noted);
            await DropAsync(note, stopping);
            return new ArchiveAnswer(ArchiveOutcome.Archived, Archives.EntryOf(note, isPresent: true));
        }
        catch (IOException fault) when (DiskSpace.IsFull(fault))
        {
            return Full();
        }
        catch (StoreException fault) when (fault.InnerException is SqliteFault { IsFull: true })
        {
            return Full();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"{folder.Path} cannot be written: {fault.Message} Nothing was archived, and nothing dropped.", fault);
        }
        finally
        {
            folder.DropTemporary();
        }
    }

    // A file that was named, but not noted, when a server ended: it is taken if it is exactly what would be written.
    private (ArchiveFile File, byte[] Sha256)? FindUnfinished(
        Database database, List<ArchiveNote> notes, long acceptedBefore, CancellationToken cancellationToken)
    {
        foreach (string path in folder.FilesBut(notes))
        {
            byte[] sha256;
            try
            {
                using ArchiveFile archive = ArchiveFile.Open(path);
                ArchiveHeader header = archive.Header;
                if (header.Ledger != index.Ledger || header.FirstBatch != LastArchived(notes) + 1 || header.LastAccepted >= acceptedBefore)
                    continue;
                sha256 = ArchiveProof.Compare(archive, database, cancellationToken);
            }
            catch (ArchiveDamageException)
            {
                continue; // then it is not
            }

            folder.Keep(path, Reached);
            return (ArchiveFile.Open(path), sha256);
        }

        return null;
    }

    private (ArchiveFile File, byte[] Sha256)? Write(
        Database database, List<ArchiveNote> notes, long acceptedBefore, CancellationToken cancellationToken)
    {
        ArchivePlan? plan = ArchivePlan.Make(database, LastArchived(notes), acceptedBefore, options.ArchiveBytes, cancellationToken);
        if (plan is null)
            return null;
        (ArchiveHeader header, List<ArchiveName> names) = plan.Describe(database, index.Ledger);
        if (!disk.HasRoomFor(header.FileBytes))
            throw new IOException("The disk is full.", DiskSpace.FullCode);
        folder.Make();
        using (var batches = new BatchCursor(database, plan.FirstBatch, plan.LastBatch))
            ArchiveWriter.Write(folder.TemporaryPath, header, names, plan.Totals.Sorted(), batches, cancellationToken);
        Reached(ArchiveStep.Written);
        byte[] sha256 = Prove(database, cancellationToken);
        return (ArchiveFile.Open(folder.Name(header, sha256, Reached)), sha256);
    }

    private byte[] Prove(Database database, CancellationToken cancellationToken)
    {
        try
        {
            using ArchiveFile written = ArchiveFile.Open(folder.TemporaryPath);
            return options.IsArchiveProofSkipped ? new byte[32] : ArchiveProof.Compare(written, database, cancellationToken);
        }
        catch (ArchiveDamageException damage)
        {
            throw new StoreException($"{damage.Message} It was being made: nothing was dropped. Check the disk and try again.", damage);
        }
    }

    // Once its uuids are only in runs and in the file, they must be durable there.
    private async Task<bool> SealAsync(long batch)
    {
        while (!await writer.ChangeAsync(_ => index.Index.IsSealedThrough(batch), CancellationToken.None))
        {
            if (!await Task.Run(index.Keeper.WaitUntilSealed))
                return false;
        }

        return true;
    }

    private async Task<ArchiveNote> NoteAsync(ArchiveFile archive, byte[] sha256, long number)
    {
        ArchiveHeader header = archive.Header;
        HourTotal[] totals = [.. archive.ReadTotals()];
        await ChangeAsync(ArchiveNote.DropUnfinishedTotals);
        for (int start = 0; start < totals.Length; start += TotalsTogether)
        {
            ArraySegment<HourTotal> some = new(totals, start, Math.Min(TotalsTogether, totals.Length - start));
            await ChangeAsync(database => ArchiveNote.AddTotals(database, number, some));
            Reached(ArchiveStep.Summed);
        }

        var note = new ArchiveNote(
            number, Path.GetFileName(archive.Path), header.FirstBatch, header.LastBatch, header.FirstBatch - 1, header.Records, header.FileBytes,
            header.FirstAccepted, header.LastAccepted, sha256);
        await ChangeAsync(note.Add);
        return note;
    }

    // What a full disk left, or a start that did not find the archive whole.
    private async Task DropLeftAsync(ArchiveNote note, Database database, CancellationToken stopping)
    {
        if (ArchiveOpening.WhyNotDropped(note, folder, database) is { } reason)
            notice(reason);
        else
            await DropAsync(note, stopping);
    }

    private async Task DropAsync(ArchiveNote note, CancellationToken stopping)
    {
        try
        {
            while (note.DroppedBatch < note.LastBatch && !stopping.IsCancellationRequested)
            {
                note = await writer.ChangeAsync(note.DropSome, CancellationToken.None);
                Reached(ArchiveStep.Dropped);
            }
        }
        catch (StoreException fault) when (fault.InnerException is SqliteFault { IsFull: true })
        {
            notice($"The records of {note.File} were archived, but the disk is too full to drop them. The next archive does it, or the next start.");
        }
    }

    private Task ChangeAsync(Action<Database> change) => writer.ChangeAsync(
        database =>
        {
            change(database);
            return true;
        },
        CancellationToken.None);

    private static long LastArchived(List<ArchiveNote> notes) => notes.Count == 0 ? 0 : notes[^1].LastBatch;

    private ArchiveAnswer Full() => new(
        ArchiveOutcome.StorageFull, Reason: $"The disk of {folder.Path} has no room. Nothing was archived, and nothing dropped; make space and try again.");

    private void Reached(ArchiveStep step) => options.ArchiveStepReached?.Invoke(step);
}
