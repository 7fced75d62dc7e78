using System.Text.Json;
using System.Text.Json.Nodes;

namespace Metering.Client.Tests;

public sealed class KeyFileTests : IDisposable
{
    private static readonly DateTimeOffset Created = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly AuthorizedKeyFile Key = AuthorizedKeyFile.Create("account-1", KeyAlgorithm.Rsa2048, Created, "key-1");
    private static readonly AuthorizedKeyFile Other = AuthorizedKeyFile.Create("account-1", KeyAlgorithm.Rsa2048, Created, "key-2");

    private readonly string _folder = Directory.CreateTempSubdirectory("metering-key-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(KeyAlgorithm.Rsa2048, "RSA_2048")]
    [InlineData(KeyAlgorithm.Rsa4096, "RSA_4096")]
    public void A_new_key_is_a_file_of_exactly_six_members_that_reads_back(KeyAlgorithm algorithm, string name)
    {
        AuthorizedKeyFile key = AuthorizedKeyFile.Create("account-1", algorithm, Created).RegisteredAs("key-9", Created);

        JsonObject json = JsonNode.Parse(key.ToJson())!.AsObject();
        AuthorizedKeyFile read = AuthorizedKeyFile.Parse(key.ToJson(), "k.json");

        Assert.Equal(
            ["id", "service_account_id", "created_at", "key_algorithm", "public_key", "private_key"], json.Select(member => member.Key));
        Assert.Equal("2026-01-31T12:00:00Z", (string?)json["created_at"]);
        Assert.Equal(name, (string?)json["key_algorithm"]);
        Assert.Equal(("key-9", "account-1", Created, algorithm), (read.Id, read.ServiceAccountId, read.CreatedAt, read.Algorithm));
        Assert.Equal(key.PublicKey, read.PublicKey);
        Assert.Equal(key.PrivateKey, read.PrivateKey);
    }

    [Fact]
    public void The_line_before_the_pem_that_the_console_writes_is_accepted()
    {
        string json = With("private_key", "PLEASE DO NOT REMOVE THIS LINE! Yandex.Cloud SA Key ID <key-1>\n" + Key.PrivateKey);

        Assert.Equal(Key.PrivateKey, AuthorizedKeyFile.Parse(json, "k.json").PrivateKey);
    }

    [Fact]
    public void The_file_is_readable_by_its_owner_alone_and_never_replaced_unasked()
    {
        string path = Path.Combine(_folder, "key.json");

        Key.Write(path);
        var refusal = Assert.Throws<KeyFileException>(() => Other.Write(path));

        Assert.Contains("exists already", refusal.Message);
        Assert.Equal("key-1", AuthorizedKeyFile.Read(path).Id);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Other.Write(path, overwrite: true);
        Assert.Equal("key-2", AuthorizedKeyFile.Read(path).Id);
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_folder_that_is_not_there_leaves_nothing_behind()
    {
        var fault = Assert.Throws<KeyFileException>(() => Key.Write(Path.Combine(_folder, "missing", "key.json")));

        Assert.Contains("cannot be written: its folder does not exist.", fault.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        string path = Path.Combine(_folder, "none.json");

        Assert.StartsWith(
            $"The key file {path} cannot be read", Assert.Throws<KeyFileException>(() => AuthorizedKeyFile.Read(path)).Message);
    }

    [Theory]
    [InlineData("id")]
    [InlineData("service_account_id")]
    [InlineData("created_at")]
    [InlineData("key_algorithm")]
    [InlineData("public_key")]
    [InlineData("private_key")]
    public void A_missing_member_and_one_that_is_no_text_are_named(string member)
    {
        JsonObject json = JsonNode.Parse(Key.ToJson())!.AsObject();
        json.Remove(member);
        Assert.Equal($"k.json: member \"{member}\" is missing.", FaultOf(json.ToJsonString()));

        json[member] = 7;
        Assert.Equal($"k.json: member \"{member}\" is no text.", FaultOf(json.ToJsonString()));
    }

    [Theory]
    [InlineData("id", "", "id", "has 0 characters")]
    [InlineData("created_at", "yesterday", "created_at", "is no time")]
    [InlineData("key_algorithm", "EC_P256", "key_algorithm", "is neither")]
    [InlineData("key_algorithm", "RSA_4096", "private_key", "has 2048 bits")]
    [InlineData("private_key", "secret words", "private_key", "holds no PEM")]
    [InlineData("public_key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "public_key", "is no RSA key")]
    [InlineData("extra", "x", "extra", "is unknown")]
    public void A_wrong_member_is_named_and_its_value_never_quoted(string member, string value, string named, string words)
    {
        string fault = FaultOf(With(member, value));

        Assert.StartsWith($"k.json: member \"{named}\" {words}", fault);
        Assert.DoesNotContain("secret words", fault);
    }

    [Fact]
    public void Halves_that_do_not_belong_together_or_are_swapped_are_refused()
    {
        Assert.Equal("k.json: member \"public_key\" does not belong to private_key.", FaultOf(With("public_key", Other.PublicKey)));
        Assert.StartsWith("k.json: member \"private_key\" is a 'PUBLIC KEY' in PEM", FaultOf(With("private_key", Key.PublicKey)));
    }

    [Theory]
    [InlineData("{\n  \"id\": ,", "k.json:2:9: is no authorized key file: this is not JSON.")]
    [InlineData("[]", "k.json is no authorized key file: expected a JSON object")]
    [InlineData("", "k.json:1:1: is no authorized key file: this is not JSON.")]
    public void Text_that_is_no_json_object_is_refused_with_its_place(string json, string words) => Assert.StartsWith(words, FaultOf(json));

    private static string With(string member, string value)
    {
        JsonObject json = JsonNode.Parse(Key.ToJson())!.AsObject();
        json[member] = value;
        return json.ToJsonString(JsonSerializerOptions.Web);
    }

    private static string FaultOf(string json) => Assert.Throws<KeyFileException>(() => AuthorizedKeyFile.Parse(json, "k.json")).Message;

    [Fact]
    public void A_text_that_is_not_valid_unicode_is_refused_in_words()
    {
        string json = With("id", "HALF").Replace("HALF", "\\ud800", StringComparison.Ordinal);

        var refusal = Assert.Throws<KeyFileException>(() => AuthorizedKeyFile.Parse(json, "k.json"));

        Assert.Contains("k.json is no authorized key file: a text in it is not valid Unicode", refusal.Message);
    }
}
