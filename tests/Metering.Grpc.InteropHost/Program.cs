using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Metering.Grpc;
using Metering.Grpc.InteropHost;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

const int UsageExitCode = 64;
const int ListenExitCode = 69;

CommandLine? options = CommandLine.Parse(args, out string? fault);
if (options is null)
{
    await Console.Error.WriteLineAsync($"{fault}\n{CommandLine.Usage}");
    return UsageExitCode;
}

X509Certificate2? certificate = null;
try
{
    if (options.CertificateFile is not null)
        certificate = X509Certificate2.CreateFromPemFile(options.CertificateFile, options.KeyFile);
}
catch (Exception exception) when (exception is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync($"{options.CertificateFile} and {options.KeyFile} are no PEM pair: {exception.Message}");
    return UsageExitCode;
}

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders().AddSimpleConsole().SetMinimumLevel(LogLevel.Warning);
builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, options.Port, listen =>
{
    listen.Protocols = HttpProtocols.Http2;
    if (certificate is not null)
        listen.UseHttps(certificate);
}));
WebApplication app = builder.Build();
app.UseRpc(new RpcServices([new TestServices(TimeProvider.System).Service]));
try
{
    await app.StartAsync();
}
catch (IOException exception)
{
    await Console.Error.WriteLineAsync($"cannot listen on port {options.Port}: {exception.Message}");
    return ListenExitCode;
}

await Console.Out.WriteLineAsync($"Listening on 127.0.0.1:{new Uri(app.Urls.Single()).Port}");
await ((IHost)app).WaitForShutdownAsync();
return 0;
