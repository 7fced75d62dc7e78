namespace Metering.Server;

/// <summary>The sample catalog (samples/catalog.yaml) that the demo and an emulator without a catalog run on.</summary>
public static class SampleCatalog
{
    /// <summary>Its name in messages.</summary>
    public const string Name = "samples/catalog.yaml";

    /// <summary>Its text.</summary>
    public static string Yaml
    {
        get
        {
            using Stream stream = typeof(SampleCatalog).Assembly.GetManifestResourceStream(Name)!;
            using var reader = new StreamReader(stream);
            return reader.ReadToEnd();
        }
    }
}
