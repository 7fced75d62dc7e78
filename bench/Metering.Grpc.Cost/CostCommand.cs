using System.CommandLine;

namespace Metering.Grpc.Cost;

/// <summary>The command line: options, their checks and defaults.</summary>
internal sealed class CostCommand
{
    /// <summary>The command by which this program starts itself as the server.</summary>
    public const string Serve = "serve";

    private const int RoundsMaximum = 1000;
    private const int SecondsMaximum = 60;
    private const int ConnectionsMaximum = 64;
    private const int StreamsMaximum = 100;
    private const int MessageBytesMaximum = 8192;

    // Many short turns rather than few long ones: what else the machine does then hits both handlers alike.
    private const int Rounds = 15, ShortRounds = 5;
    private const double Seconds = 0.5, ShortSeconds = 0.2;
    private const double WarmUpSeconds = 3, ShortWarmUpSeconds = 0.5;

    private readonly Option<int?> _rounds = new("--rounds")
    {
        Description = $"turns of each handler with each kind of call ({Rounds}; with --short {ShortRounds})",
    };

    private readonly Option<double?> _seconds = new("--seconds")
    {
        Description = $"length of a turn in seconds ({Seconds}; with --short {ShortSeconds})",
    };

    private readonly Option<int> _connections = new("--connections") { Description = "connections", DefaultValueFactory = _ => 2 };

    private readonly Option<int> _streams = new("--streams")
    {
        Description = "calls in flight on each connection", DefaultValueFactory = _ => 50,
    };

    private readonly Option<int> _messageBytes = new("--message-bytes")
    {
        Description = "bytes of the request message and of the response message", DefaultValueFactory = _ => 128,
    };

    private readonly Option<bool> _short = new("--short") { Description = "a run of seconds, to see that it works" };
    private readonly Option<string?> _json = new("--json") { Description = "file for the figures as JSON" };

    /// <summary>The command, which hands valid options to <paramref name="run"/>.</summary>
    public RootCommand Create(Action<CostOptions> run, Func<int, Task> serve)
    {
        var command = new RootCommand(
            "Compares a unary call that does nothing through Metering.Grpc with a bare Kestrel HTTP/2 handler that reads and writes "
            + "the same bytes: calls a second, processor time and allocations of the server for each call.")
        {
            _rounds, _seconds, _connections, _streams, _messageBytes, _short, _json,
        };
        command.SetAction(parsed =>
        {
            CostOptions options = Read(parsed);
            Check(options);
            run(options);
        });
        command.Add(MakeServe(serve));
        return command;
    }

    private static Command MakeServe(Func<int, Task> serve)
    {
        var messageBytes = new Argument<int>("message-bytes");
        var command = new Command(Serve, "The server of a run.") { messageBytes };
        command.Hidden = true;
        command.SetAction((parsed, _) => serve(parsed.GetValue(messageBytes)));
        return command;
    }

    private CostOptions Read(ParseResult parsed)
    {
        bool isShort = parsed.GetValue(_short);
        return new()
        {
            Rounds = parsed.GetValue(_rounds) ?? (isShort ? ShortRounds : Rounds),
            Seconds = parsed.GetValue(_seconds) ?? (isShort ? ShortSeconds : Seconds),
            WarmUpSeconds = isShort ? ShortWarmUpSeconds : WarmUpSeconds,
            Connections = parsed.GetValue(_connections),
            Streams = parsed.GetValue(_streams),
            MessageBytes = parsed.GetValue(_messageBytes),
            JsonPath = parsed.GetValue(_json),
        };
    }

    private static void Check(CostOptions options)
    {
        var faults = new List<string>();
        void Require(bool holds, string fault)
        {
            if (!holds)
                faults.Add(fault);
        }

        Require(options.Rounds is >= 1 and <= RoundsMaximum, $"--rounds must be from 1 to {RoundsMaximum}.");
        Require(options.Seconds is > 0 and <= SecondsMaximum, $"--seconds must be above 0 and at most {SecondsMaximum}.");
        Require(options.Connections is >= 1 and <= ConnectionsMaximum, $"--connections must be from 1 to {ConnectionsMaximum}.");
        Require(options.Streams is >= 1 and <= StreamsMaximum, $"--streams must be from 1 to {StreamsMaximum}.");
        Require(options.MessageBytes is >= 0 and <= MessageBytesMaximum, $"--message-bytes must be from 0 to {MessageBytesMaximum}.");
        if (faults.Count > 0)
            throw new CostException(string.Join(Environment.NewLine, faults));
    }
}
