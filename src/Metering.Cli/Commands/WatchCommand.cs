using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering watch</c>: follows the feed of accepted records.</summary>
internal static class WatchCommand
{
    private const string NoPlace = "start";

    private const string Examples =
        """
        metering watch
        metering watch --output jsonl --consumer billing | my-billing
        metering watch --cursor CURSOR --until-end --output jsonl > since.jsonl

        Every accepted record comes once, in the order in which they were committed: first those that are there, then new ones
        as they come. With --consumer the server keeps the place after what was written, under that name: the next watch goes
        on there. A program that must count each record exactly once keeps the cursor itself, together with what it made of
        the records: docs/feed-sample.md shows one.

        """ + ConnectionOptions.WhoSeesWhat;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("watch", "Follows the feed of accepted records.", Examples);
        var cursor = new Option<string?>("--cursor") { HelpName = "CURSOR", Description = "Begin after this place [default: the first record]" };
        var consumer = new Option<string?>("--consumer")
        {
            HelpName = "NAME", Description = "Begin after the place kept under this name, and keep it there while reading",
        };
        var untilEnd = new Option<bool>("--until-end") { Description = "End when there are no more records, instead of waiting for new ones" };
        var output = new FormOption("table", "jsonl");
        foreach (Option option in new Option[] { cursor, consumer, untilEnd, output })
            command.Add(option);
        var filter = new RecordFilterOptions(command);
        var connection = new ConnectionOptions(command, Credentials.Reading);
        command.Validators.Add(line =>
        {
            if (line.GetValue(cursor) is not null && line.GetValue(consumer) is not null)
                line.AddError("From where on? Pass either --cursor or --consumer.");
        });
        command.SetAction(async (line, cancellationToken) =>
        {
            var request = new WatchRecordsRequest
            {
                Filter = filter.Read(line), Cursor = line.GetValue(cursor) ?? string.Empty, UntilEnd = line.GetValue(untilEnd),
            };
            using MeteringClient client = connection.ConnectPatiently(line, terminal);
            var watch = new WatchRun(client, terminal, line.GetValue(output) == "jsonl");
            if (line.GetValue(consumer) is { } name)
                await watch.BeginAtAsync(name, request, cancellationToken);
            await watch.RunAsync(request, cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    private sealed class WatchRun(MeteringClient client, Terminal terminal, bool isJson)
    {
        private string? _consumer;
        private string _kept = NoPlace;

        /// <summary>Begins where the consumer's place is. It is named when it is replaced, so that of two consumers one goes on.</summary>
        public async Task BeginAtAsync(string name, WatchRecordsRequest request, CancellationToken cancellationToken)
        {
            _consumer = name;
            if ((await client.ListConsumersAsync(cancellationToken)).FirstOrDefault(kept => kept.Name == name) is not { } consumer)
                return;
            request.Cursor = consumer.Cursor;
            _kept = consumer.Cursor.Length > 0 ? consumer.Cursor : NoPlace;
        }

        /// <summary>Writes what comes, until the end or until the user ends it.</summary>
        public async Task RunAsync(WatchRecordsRequest request, CancellationToken cancellationToken)
        {
            string last = request.Cursor;
            try
            {
                await foreach (WatchRecordsResponse answer in client.WatchRecordsAsync(request, cancellationToken))
                {
                    foreach (AcceptedRecord record in answer.Records)
                        Write(record);
                    await terminal.Output.FlushAsync(CancellationToken.None);
                    last = answer.Cursor;
                    await KeepAsync(last);
                }
            }
            finally
            {
                if (_consumer is null && last.Length > 0)
                    terminal.WriteNote($"To go on from here: --cursor {last}");
            }
        }

        // Only once it is written: a consumer that ends in between sees the last records again, and misses none.
        private async Task KeepAsync(string place)
        {
            if (_consumer is null || place == _kept || place.Length == 0)
                return;
            try
            {
                await client.SaveConsumerAsync(_consumer, place, _kept, CancellationToken.None);
                _kept = place;
            }
            catch (MeteringException fault) when (fault.Code == GrpcStatusCode.Aborted)
            {
                throw new CommandException(
                    ExitCodes.RequestFailed, $"Another consumer goes on under the name {_consumer}: this one ends. The last records came to both.", fault);
            }
        }

        private void Write(AcceptedRecord record)
        {
            if (isJson)
            {
                Json.Write(
                    terminal.Output,
                    json =>
                    {
                        json.WriteStartObject();
                        RecordText.WriteMembers(record, json);
                        json.WriteEndObject();
                    },
                    indented: false);
                return;
            }

            terminal.Output.WriteLine(
                $"{ArchiveReport.TimeOf(record.Accepted),-28}  {record.Uuid}  {RecordText.OwnerOf(record)}  {record.SkuId}  "
                + $"{terminal.Paint(Figures.Group(record.Quantity), Shade.Strong)} {record.Unit}");
        }
    }
}
