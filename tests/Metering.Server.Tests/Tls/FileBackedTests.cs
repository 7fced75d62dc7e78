namespace Metering.Server.Tests;

public sealed class FileBackedTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("metering-file-").FullName;
    private readonly SettableTime _time = new();
    private DateTimeOffset _dueAt = DateTimeOffset.MaxValue;

    private string One => Path.Combine(_folder, "one");

    private string Two => Path.Combine(_folder, "two");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_change_is_taken_once_it_has_stood_still_for_two_looks()
    {
        FileBacked<string> value = Make();
        Assert.Null(value.Check());
        File.WriteAllText(One, "b");
        Assert.Null(value.Check());
        File.WriteAllText(Two, "b");
        Assert.Null(value.Check());
        Assert.Equal("a a", value.Current);
        Assert.Equal(new FileNotice(IsFault: false, "A new thing is in use."), value.Check());
        Assert.Equal("b b", value.Current);
        Assert.Null(value.Check());
    }

    [Fact]
    public void What_cannot_be_used_is_said_once_and_changes_nothing()
    {
        FileBacked<string> value = Make();
        File.Delete(Two);
        Assert.Null(value.Check());
        Assert.Equal(
            new FileNotice(IsFault: true, $"The new thing cannot be used, the one before stays in use: {Two}: there is no such file"), value.Check());
        for (int look = 0; look < 5; look++)
            Assert.Null(value.Check());
        Assert.Equal("a a", value.Current);
        File.WriteAllText(Two, "c");
        Assert.Null(value.Check());
        Assert.False(value.Check()!.Value.IsFault);
        Assert.Equal("a c", value.Current);
    }

    [Fact]
    public void What_is_due_is_made_anew_and_not_at_every_look_if_that_does_not_help()
    {
        FileBacked<string> value = Make();
        _dueAt = _time.Now.AddDays(1);
        Assert.Null(value.Check());
        _time.Now = _dueAt;
        Assert.NotNull(value.Check());
        Assert.Null(value.Check());
        _time.Now = _dueAt.AddHours(1);
        Assert.NotNull(value.Check());
    }

    private FileBacked<string> Make()
    {
        File.WriteAllText(One, "a");
        File.WriteAllText(Two, "a");
        return new FileBacked<string>("thing", [One, Two], () => $"{DurableFile.Read(One)} {DurableFile.Read(Two)}", _ => _dueAt, _time);
    }
}
