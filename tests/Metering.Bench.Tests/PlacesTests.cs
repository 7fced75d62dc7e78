using Metering.Bench.Places;

namespace Metering.Bench.Tests;

/// <summary>Where the programs of bench/ find the checkout, and the place of their tables in its documents.</summary>
public sealed class PlacesTests : IDisposable
{
    private static readonly MarkedPlace Place = new("sample");

    private readonly string _folder = Directory.CreateTempSubdirectory("metering-bench-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("new")]
    [InlineData("\nnew\n\n")]
    public void A_document_keeps_what_is_around_the_place(string content)
    {
        string path = Path.Combine(_folder, "document.md");
        File.WriteAllText(path, "before\n<!-- sample:begin -->\nold\n<!-- sample:end -->\nafter\n");
        Assert.True(Place.IsIn(path));
        Place.Put(path, content);
        Place.Put(path, content); // the same again
        Assert.Equal("before\n<!-- sample:begin -->\nnew\n<!-- sample:end -->\nafter\n", File.ReadAllText(path));
        Assert.Equal("\nnew\n", Place.Find(File.ReadAllText(path)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<!-- sample:begin -->\n")]
    [InlineData("<!-- sample:end -->\n<!-- sample:begin -->\n")]
    [InlineData("<!-- other:begin -->\n<!-- other:end -->\n")]
    public void A_document_without_the_place_is_left_alone(string text)
    {
        string path = Path.Combine(_folder, "document.md");
        File.WriteAllText(path, text);
        Assert.False(Place.IsIn(path));
        Assert.Null(Place.Find(text));
        Assert.Contains("<!-- sample:begin --> and <!-- sample:end -->", Assert.Throws<IOException>(() => Place.Put(path, "new")).Message);
        Assert.Equal(text, File.ReadAllText(path));
    }

    [Fact]
    public void A_document_that_is_not_there_has_no_place() => Assert.False(Place.IsIn(Path.Combine(_folder, "none.md")));

    [Fact]
    public void The_benchmarks_have_the_places_of_the_tables() =>
        Assert.All([MarkdownReport.Place, FullLedgerReport.Place], place => Assert.True(place.IsIn(Checkout.PathOf("docs/benchmarks.md"))));

    [Fact]
    public void The_checkout_is_found_from_any_folder_in_it_and_from_no_other()
    {
        Assert.Equal(Checkout.Root, CheckoutFolder.Find());
        Assert.Equal(Checkout.Root, CheckoutFolder.FindAbove(Checkout.PathOf("bench/results")));
        Assert.Null(CheckoutFolder.FindAbove(_folder));
        Assert.Null(CheckoutFolder.FindAbove(null));
    }
}
