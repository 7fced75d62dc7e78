namespace Metering.Server.Tests;

/// <summary>Catalog files to start from.</summary>
internal static class CatalogSamples
{
    /// <summary>One object of each kind, each optional member given.</summary>
    public static string Full => $$"""
        version: 1
        publishers:
          - id: acme
            name: Acme Software
        customers:
          - billing_account: dn2b7c0example
            name: Example LLC
            status: active
        products:
          - id: f2e4tmlj4qqciunhr7e6
            publisher: acme
            name: Acme Database
            metering: instance
            active: true
            skus:
              - id: dn272e8979uvek5cnuhk
                name: Core hours
                unit: core*hour
                active: true
          - id: acme-image
            publisher: acme
            name: Acme Image
            metering: image
        instances:
          - id: inst-1
            product: f2e4tmlj4qqciunhr7e6
            customer: dn2b7c0example
            active: true
        service_accounts:
          - id: aje-acme
            name: Acme reporter
            publisher: acme
            roles: [marketplace.meteringAgent]
            keys:
              - id: ajk-1
                algorithm: RSA_2048
                created_at: 2026-01-01T00:00:00Z
                public_key: |
        {{Indented(TestKeys.First.PublicPem(), 10)}}
          - id: aje-example
            name: Example reporter
            customer: dn2b7c0example

        """;

    /// <summary>A text as the lines of a block scalar.</summary>
    public static string Indented(string text, int spaces) =>
        string.Join('\n', text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => new string(' ', spaces) + line));
}
