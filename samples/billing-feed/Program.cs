// Keeps a running invoice of everything that was accepted, in a file, and survives kill -9 on either side:
//
//   METERING_ADDRESS=https://localhost:8443 METERING_CA=metering-data/tls/ca.pem METERING_ADMIN_TOKEN=$(cat metering-data/admin.token) \
//     dotnet run --project samples/billing-feed -- invoice.json
//
// --until-end ends it when there are no more records. --save-cursor-first shows how not to do it.
using Metering.BillingFeed;
using Metering.Client;
using Metering.Contracts.V1;

if (args is not [var file, ..])
{
    Console.Error.WriteLine("Usage: billing-feed INVOICE-FILE [--until-end] [--save-cursor-first]");
    return 2;
}

using var client = new MeteringClient(new MeteringClientOptions
{
    Address = Environment.GetEnvironmentVariable("METERING_ADDRESS") ?? MeteringClientOptions.DefaultAddress,
    CertificateAuthorityFile = Environment.GetEnvironmentVariable("METERING_CA"),
    AdminToken = Environment.GetEnvironmentVariable("METERING_ADMIN_TOKEN"),
    KeyFile = Environment.GetEnvironmentVariable("METERING_KEY"),
    AttemptsMaximum = 100, // a server that is away is waited for
});
IBooks books = args.Contains("--save-cursor-first") ? new CarelessBooks(file) : new Books(file);
var request = new WatchRecordsRequest { Cursor = books.Cursor, UntilEnd = args.Contains("--until-end") };
try
{
    await foreach (WatchRecordsResponse batch in client.WatchRecordsAsync(request))
        books.Enter(batch);
}
catch (MeteringException failure)
{
    Console.Error.WriteLine($"{failure.Code.Name()}: {failure.Message}");
    return 3;
}

books.Close();
return 0;
