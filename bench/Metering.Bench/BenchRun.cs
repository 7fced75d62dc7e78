namespace Metering.Bench;

/// <summary>One run: the contenders take turns in every round, in an order that is turned round from one to the next; then the latencies.</summary>
internal sealed class BenchRun(BenchOptions options, TimeProvider time, TextWriter progress)
{
    /// <summary>Runs to the end; leaves no process and no file behind.</summary>
    /// <exception cref="BenchException">A contender failed; the message says which and why.</exception>
    public async Task<BenchResult> ExecuteAsync(CancellationToken stop)
    {
        Machine machine = Machine.Here(options.Data);
        if (machine.IsMemoryOnly)
            Say($"{options.Data} is no disk ({machine.FileSystem}): what is synced there is not kept. Choose a disk with --data.");
        DateTimeOffset started = time.GetUtcNow();
        var theft = new ProcessorTheft();
        using var folder = new WorkFolder(options.Data);
        IReadOnlyList<IContender> contenders = Make(folder);
        var turns = new Dictionary<string, List<Turn>>();
        try
        {
            foreach (IContender contender in contenders)
            {
                Say($"Preparing {string.Join(", ", contender.Names)} ...");
                await contender.PrepareAsync(stop);
            }

            for (int round = 0; round < options.Rounds && contenders.Count > 0; round++)
                await PlayAsync(round, contenders, turns, stop);
        }
        finally
        {
            foreach (IContender contender in contenders)
                await contender.DisposeAsync();
        }

        ContenderTurns[] ended = [.. contenders.SelectMany(contender => contender.Names.Select(name =>
            new ContenderTurns(name, contender.Describe(name), turns[name])))];
        ended = DiskContender.CountRecords(ended);
        int clients = contenders.OfType<PostgresContender>().FirstOrDefault()?.Clients ?? 0;
        var result = new BenchResult(options, machine, started, ended, clients, Latency: null) { StolenShare = theft.Share };
        if (!options.Only.Contains(Parts.Latency))
            return result;
        Say("Latencies ...");
        LatencyFigures latency = await new LatencyRun(options, folder, time, progress)
            .ExecuteAsync(result.Find(Parts.ServerFull)?.RecordsPerSecond, stop);
        return result with { Latency = latency, StolenShare = theft.Share };
    }

    private async Task PlayAsync(int round, IReadOnlyList<IContender> contenders, Dictionary<string, List<Turn>> turns, CancellationToken stop)
    {
        IEnumerable<IContender> order = round % 2 == 0 ? contenders : contenders.Reverse();
        foreach (IContender contender in order)
        {
            foreach ((string name, Turn turn) in await contender.TakeTurnsAsync(isLast: round == options.Rounds - 1, stop))
            {
                if (!turns.TryGetValue(name, out List<Turn>? its))
                    turns.Add(name, its = []);
                its.Add(turn);
                Say($"round {round + 1,2} of {options.Rounds}  {name,-10} {turn.RecordsPerSecond,13:N0} records/s");
            }
        }
    }

    private IReadOnlyList<IContender> Make(WorkFolder folder)
    {
        IContender[] all =
        [
            new EchoContender(options),
            new ServerContender(options, folder, time),
            new ServerOnPostgresContender(Parts.ServerOnPostgres, 1, options, folder, time),
            new ServerOnPostgresContender(Parts.NodesOnPostgres, 2, options, folder, time),
            new PostgresContender(options, folder, progress),
            new SqliteContender(options, folder, time),
            new DiskContender(options, folder, time),
        ];
        return [.. all.Where(contender => options.Choose([.. contender.Names]).Count > 0)];
    }

    private void Say(string line) => progress.WriteLine(line);
}
