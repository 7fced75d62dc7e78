namespace Metering.Ledger.Postgres;

/// <summary>Whether the database can be written to, as last seen by whoever tried; and the word to the operator when that changes.</summary>
internal sealed class Availability(Action<string> notice)
{
    private readonly Lock _changing = new();
    private volatile string? _outage;
    private bool _isFull;
    private bool _isRefused;

    /// <summary>Why nothing can be counted; null while all is well.</summary>
    public string? Outage => _outage;

    /// <summary>Somebody could not get through.</summary>
    public void Away(string sentence)
    {
        lock (_changing)
        {
            bool isNew = _outage is null;
            _outage = sentence; // before it is told: who hears of it looks
            if (isNew)
                notice($"Nothing can be counted at the moment; senders are told to come back. {sentence}");
        }
    }

    /// <summary>Somebody got through, if only to look.</summary>
    public void Back()
    {
        if (_outage is null)
            return;
        lock (_changing)
        {
            bool wasAway = _outage is not null;
            _outage = null;
            if (wasAway)
                notice("The database is back: usage is counted again.");
        }
    }

    /// <summary>A group was not committed, or not known to be, although the database is there; told once until another is.</summary>
    public void Refused(string sentence)
    {
        lock (_changing)
        {
            if (!_isRefused)
                notice($"A group of writes was not confirmed; its senders are told to come back. {sentence}");
            _isRefused = true;
        }
    }

    /// <summary>The database has no space left.</summary>
    public void Full(string place)
    {
        lock (_changing)
        {
            if (!_isFull)
                notice($"Writes are refused: the database has no space left ({place}). Nothing is lost; make space, and they go on by themselves.");
            _isFull = true;
        }
    }

    /// <summary>A group was committed.</summary>
    public void Committed()
    {
        Back();
        if (!Volatile.Read(ref _isFull) && !Volatile.Read(ref _isRefused))
            return;
        lock (_changing)
        {
            if (_isFull)
                notice("There is space again: writes are counted.");
            _isFull = _isRefused = false;
        }
    }
}
