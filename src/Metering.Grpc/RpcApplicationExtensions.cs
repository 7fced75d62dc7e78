using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Metering.Grpc;

/// <summary>Puts the services into a web application.</summary>
public static class RpcApplicationExtensions
{
    /// <summary>
    /// Serves gRPC and REST. Ends the pipeline for the paths of the services and for every request of a gRPC content type
    /// (unknown methods are UNIMPLEMENTED); everything else goes on to what follows. Middleware before it may set response
    /// headers: they are sent with every answer, errors included. Takes <see cref="TimeProvider"/> (the system's when none is
    /// registered), <see cref="ILoggerFactory"/>, <see cref="ICallBudget"/> (none: nothing is bounded in common) and
    /// <see cref="IHostApplicationLifetime"/> from the application's services.
    /// </summary>
    public static IApplicationBuilder UseRpc(this IApplicationBuilder app, RpcServices services)
    {
        IServiceProvider provider = app.ApplicationServices;
        CancellationToken stopping = provider.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None;
        foreach (RpcService service in services.Services)
        {
            if (service.OnStopping is { } onStopping)
                stopping.Register(onStopping);
        }

        ILoggerFactory log = provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance;
        TimeProvider time = provider.GetService<TimeProvider>() ?? TimeProvider.System;
        var runtime = new RpcRuntime(time, log.CreateLogger("Metering.Grpc"), provider.GetService<ICallBudget>(), stopping);
        var grpc = new GrpcServer(runtime);
        var rest = new RestServer(runtime);
        return app.Use(next => context => Route(context, services, grpc, rest, next));
    }

    private static Task Route(HttpContext context, RpcServices services, GrpcServer grpc, RestServer rest, RequestDelegate next)
    {
        RpcMethod? method = services.FindByPath(context.Request.Path.Value ?? "");
        if (method is not null || GrpcContentType.IsGrpc(context.Request.ContentType))
            return grpc.ServeAsync(context, method);
        RestMatch match = services.Rest.Find(context.Request);
        return match.IsKnownPath ? rest.ServeAsync(context, match) : next(context);
    }
}
