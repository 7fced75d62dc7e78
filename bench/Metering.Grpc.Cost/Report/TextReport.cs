namespace Metering.Grpc.Cost;

/// <summary>The figures for people: medians over the rounds.</summary>
internal static class TextReport
{
    private const int NameWidth = 24;

    public static void Write(TextWriter target, CostOptions options, IReadOnlyList<CostComparison> comparisons)
    {
        target.WriteLine(
            $"{options.Connections} connections x {options.Streams} calls in flight, messages of {options.MessageBytes} bytes both ways, "
            + $"{options.Rounds} rounds of {options.Seconds:G3} s a handler; medians");
        target.WriteLine();
        target.WriteLine(
            $"{"",-NameWidth}{"calls/s",19}{"layer/bare",12}{"min - max",19}{"processor us",16}{"bare/layer",12}{"allocated bytes",17}");
        target.WriteLine(
            $"{"the method answers",-NameWidth}{"bare",9}{"layer",10}{"",31}{"bare",10}{"layer",6}{"",12}{"bare",10}{"layer",7}");
        foreach (CostComparison comparison in comparisons)
            target.WriteLine(Line(comparison));
        target.WriteLine();
        target.WriteLine("Processor time and allocations are the server's, for each call, kernel and Kestrel included.");
    }

    private static string Line(CostComparison of)
    {
        string range = $"{Percent(of.Rounds.Min(round => round.Rate))} - {Percent(of.Rounds.Max(round => round.Rate))}";
        return $"{of.Case.Name,-NameWidth}"
            + $"{of.MedianOf(round => round.Bare.CallsPerSecond),9:N0}{of.MedianOf(round => round.Layer.CallsPerSecond),10:N0}"
            + $"{Percent(of.MedianOf(round => round.Rate)),12}{range,19}"
            + $"{of.MedianOf(round => round.Bare.ProcessorMicrosecondsPerCall),10:F1}"
            + $"{of.MedianOf(round => round.Layer.ProcessorMicrosecondsPerCall),6:F1}"
            + $"{Percent(of.MedianOf(round => round.ProcessorRate)),12}"
            + $"{of.MedianOf(round => round.Bare.AllocatedBytesPerCall),10:N0}"
            + $"{of.MedianOf(round => round.Layer.AllocatedBytesPerCall),7:N0}";
    }

    private static string Percent(double part) => $"{100 * part:F1} %";
}
