namespace Metering.Fuzz.Tests;

/// <summary>One client among several: its own connections, used by one thread.</summary>
internal sealed class FuzzLane(FuzzTarget target) : IDisposable
{
    private readonly StreamExchange _streams = new(target.Http2, target.Patience);
    private readonly Http1Exchange _http1 = new(target.Http1, target.Patience);

    /// <summary>How often an input was cut off by a neighbour's end of their connection, and sent again by itself.</summary>
    public int SentAgain { get; private set; }

    /// <summary>Sends inputs, those that can be together on one connection; answers in order.</summary>
    /// <param name="inputs">The inputs.</param>
    /// <param name="onCutOff">Told of one that a neighbour's end cut off, perhaps after it was counted, before it is sent again.</param>
    public Answer[] Send(IReadOnlyList<FuzzInput> inputs, Action<FuzzInput>? onCutOff = null)
    {
        var answers = new Answer?[inputs.Count];
        int[] together = [.. Enumerable.Range(0, inputs.Count).Where(index => inputs[index] is { Carriage: Carriage.Http2Stream, IsUnsociable: false })];
        if (together.Length > 1)
        {
            Answer?[] shared = _streams.Send([.. together.Select(index => inputs[index])]);
            for (int index = 0; index < together.Length; index++)
                answers[together[index]] = shared[index];
        }

        for (int index = 0; index < inputs.Count; index++)
        {
            if (answers[index] is not null)
                continue;
            if (together.Length > 1 && together.Contains(index))
            {
                SentAgain++;
                onCutOff?.Invoke(inputs[index]);
            }

            answers[index] = SendAlone(inputs[index]);
        }

        return answers!;
    }

    /// <summary>Sends one input on a connection that no other shares. Silence is believed only the second time.</summary>
    public Answer SendAlone(FuzzInput input)
    {
        Answer answer = SendOnce(input);
        return answer.IsHung ? SendOnce(input) : answer;
    }

    public void Dispose()
    {
        _streams.Dispose();
        _http1.Dispose();
    }

    private Answer SendOnce(FuzzInput input)
    {
        switch (input.Carriage)
        {
            case Carriage.Http2Stream:
                using (var alone = new StreamExchange(target.Http2, target.Patience))
                    return alone.Send([input])[0]!;
            case Carriage.Http2Connection:
                return ConnectionExchange.Send(input, target.Http2, target.Patience);
            default:
                return _http1.Send(input);
        }
    }
}
