using System.Net;

namespace Metering.Grpc.Cost;

/// <summary>One run: the handlers take turns, kind of call by kind of call, in an order that changes from round to round.</summary>
internal sealed class CostRun(CostOptions options, TimeProvider time, TextWriter progress)
{
    /// <summary>Runs to the end.</summary>
    /// <exception cref="CostException">The server failed, or the handlers do not answer alike.</exception>
    public IReadOnlyList<CostComparison> Execute()
    {
        using ServerProcess server = ServerProcess.Start(options.MessageBytes);
        CostContender[] bare = [.. CostCase.All.Select(called => Connect(server, server.Bare, called))];
        CostContender[] layer = [.. CostCase.All.Select(called => Connect(server, server.Layer, called))];
        try
        {
            for (int number = 0; number < CostCase.All.Count; number++)
                CheckAlike(CostCase.All[number], bare[number].CallOnce(), layer[number].CallOnce());

            progress.WriteLine($"Warming up for {options.WarmUpSeconds * 2 * CostCase.All.Count:G3} s ...");
            foreach (CostContender contender in bare.Concat(layer))
                contender.TakeTurn(options.WarmUpSeconds);

            CostComparison[] comparisons = [.. CostCase.All.Select(called => new CostComparison(called))];
            for (int round = 0; round < options.Rounds; round++)
            {
                for (int number = 0; number < comparisons.Length; number++)
                    comparisons[number].Rounds.Add(Compare(bare[number], layer[number], isBareFirst: round % 2 == 0));
                progress.WriteLine($"round {round + 1,2} of {options.Rounds}  {string.Join("   ", comparisons.Select(Describe))}");
            }

            return comparisons;
        }
        finally
        {
            foreach (CostContender contender in bare.Concat(layer))
                contender.Dispose();
        }
    }

    private CostContender Connect(ServerProcess server, IPEndPoint address, CostCase called) =>
        new(server, address, called, options, time);

    private CostRound Compare(CostContender bare, CostContender layer, bool isBareFirst)
    {
        CostTurn? first = isBareFirst ? bare.TakeTurn(options.Seconds) : null;
        CostTurn second = layer.TakeTurn(options.Seconds);
        return new(first ?? bare.TakeTurn(options.Seconds), second);
    }

    // The comparison means nothing unless the bare handler writes what the layer writes.
    private static void CheckAlike(CostCase called, string bare, string layer)
    {
        if (bare != layer)
            throw new CostException($"The handlers answer \"{called.Name}\" differently:\n{bare}\n{layer}");
    }

    private static string Describe(CostComparison comparison)
    {
        CostRound round = comparison.Rounds[^1];
        return $"{comparison.Case.Name}: {100 * round.Rate:F1} %";
    }
}
