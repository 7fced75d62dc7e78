using System.Text;
using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>What is wrong with a file: every fault, with its line, its column and its words.</summary>
public sealed class CatalogFaultsTests
{
    [Fact]
    public void A_file_with_every_kind_of_object_has_no_faults() => AssertFaults(CatalogSamples.Full);

    [Fact]
    public void Sections_may_be_absent_or_empty() => AssertFaults("version: 1\npublishers:\ncustomers: []\nproducts: ~\n");

    [Theory]
    [InlineData("", "1:1: a catalog has to be a mapping that starts with 'version: 1'")]
    [InlineData("# nothing\n", "1:1: a catalog has to be a mapping that starts with 'version: 1'")]
    [InlineData("hello", "1:1: a catalog has to be a mapping that starts with 'version: 1'")]
    [InlineData("- version: 1", "1:1: a catalog has to be a mapping that starts with 'version: 1'")]
    [InlineData("publishers: []", "1:1: the catalog lacks 'version'; this server understands version 1")]
    [InlineData("version: 2", "1:10: 'version' is '2'; this server understands version 1")]
    [InlineData("version: '1'", "1:10: 'version' is '1'; this server understands version 1")]
    [InlineData("version: [1]", "1:10: 'version' is no number; this server understands version 1")]
    [InlineData("version: 1\nversion: 1", "2:1: 'version' is given twice; first on line 1")]
    [InlineData("version: 1\npublisher: []", "2:1: a catalog has no member 'publisher' (did you mean 'publishers'?); allowed: version, publishers, customers, products, instances, service_accounts")]
    [InlineData("version: 1\npublishers: acme", "2:13: 'publishers' has to be a list")]
    [InlineData("version: 1\npublishers:\n  - acme", "3:5: every item of 'publishers' has to be a mapping")]
    [InlineData("version: 1\n---\nversion: 1", "2:1: a second document starts here; a catalog is one document")]
    [InlineData("version: 1\npublishers: [[[[[[[[[[[x]]]]]]]]]]]", "2:22: nested more than 10 levels deep; no catalog is")]
    [InlineData("version: 1\n? [a]\n: b", "2:3: the name of a member has to be a text")]
    public void The_document_as_a_whole(string yaml, params string[] faults) => AssertFaults(yaml, faults);

    [Fact]
    public void A_syntax_error_is_placed()
    {
        CatalogFault fault = Assert.Single(FaultsOf("version: 1\npublishers:\n  - id: acme\n   name: Acme\n"));
        Assert.Equal(4, fault.Line);
        Assert.StartsWith("this is not YAML: ", fault.Reason, StringComparison.Ordinal);
        foreach (string yaml in new[] { "a: [", "a: 'b", "{", "a: b: c", "%YAML 9.9\n---\nx", "\"\\q\"", "&", "*" })
            Assert.StartsWith("this is not YAML: ", Assert.Single(FaultsOf(yaml)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_anchors_and_tags_are_refused_so_that_none_can_multiply()
    {
        string yaml = "version: 1\npublishers: &all\n  - id: !!str acme\n    name: Acme\n  - *all\n";
        AssertFaults(
            yaml,
            "2:13: anchor '&all': a catalog has no anchors and aliases; write it out",
            "3:9: tag 'tag:yaml.org,2002:str': a catalog has no tags",
            "5:5: alias '*all': a catalog has no anchors and aliases; write it out",
            "5:5: every item of 'publishers' has to be a mapping");
    }

    [Fact]
    public void A_file_over_sixteen_mebibytes_is_refused_unread()
    {
        string yaml = "version: 1\n#" + new string('ё', Limits.CatalogBytes / 2) + "\n";
        AssertFaults(yaml, $"1:1: the catalog has {Encoding.UTF8.GetByteCount(yaml)} bytes; at most {Limits.CatalogBytes} are allowed");
    }

    [Fact]
    public void Members_of_a_publisher()
    {
        string yaml = """
            version: 1
            publishers:
              - id: acme
                nam: Acme
              - name: Nameless
              - id: ""
                name: ~
              - id: a b
                name: [x]
              - id: acme
                name: Twice
              - id: -x
                name: "a\nb"
              - id: 123456789012345678901234567890123456789012345678901
                name: x
                name: y
            """;
        AssertFaults(
            yaml,
            "3:5: publisher 'acme' lacks 'name'",
            "4:5: a publisher has no member 'nam' (did you mean 'name'?); allowed: id, name",
            "5:5: a publisher lacks 'id'",
            "6:9: 'id' of a publisher is empty; a text is needed",
            "7:11: a publisher lacks 'name'",
            "8:9: 'id' of a publisher is 'a b'; allowed: 1 to 50 characters of A-Z a-z 0-9 . _ -, the first a letter or digit",
            "9:11: 'name' of a publisher is a list; a text is needed",
            "10:9: publisher 'acme' is declared twice; first on line 3",
            "12:9: 'id' of a publisher is '-x'; allowed: 1 to 50 characters of A-Z a-z 0-9 . _ -, the first a letter or digit",
            "13:11: 'name' of a publisher has characters that cannot be printed",
            "14:9: 'id' of a publisher is '1234567890123456789012345678901234567890…'; allowed: 1 to 50 characters of A-Z a-z 0-9 . _ -, the first a letter or digit",
            "16:5: 'name' is given twice; first on line 15");
    }

    [Fact]
    public void Members_of_customers_products_skus_and_instances()
    {
        string yaml = $"""
            version: 1
            publishers: [{"{id: acme, name: Acme}"}]
            customers:
              - billing_account: dn1
                name: {new string('n', 201)}
                status: suspendet
              - id: dn2
                name: Second
            products:
              - id: p1
                publisher: acmee
                name: One
                metering: images
                active: yes
                skus: none
              - id: p2
                publisher: acme
                name: Two
                metering: image
                skus:
                  - id: s1
                    name: First
                    unit: hour
                    active: "true"
                  - id: s1
                    name: Again
                    price: 7
                  - s2
            instances:
              - id: i1
                product: p2
                customer: dn1
              - id: i2
                product: p3
                customer: dn9999999
              - product: p1
            """;
        AssertFaults(
            yaml,
            "5:11: 'name' of customer 'dn1' has 201 characters; at most 200 are allowed",
            "6:13: 'status' of customer 'dn1' is 'suspendet' (did you mean 'suspended'?); allowed: active, suspended",
            "7:5: a customer has no member 'id'; allowed: billing_account, name, status",
            "7:5: a customer lacks 'billing_account'",
            "11:16: product 'p1' names publisher 'acmee', which is not declared (did you mean 'acme'?)",
            "13:15: 'metering' of product 'p1' is 'images' (did you mean 'image'?); allowed: instance, image",
            "14:13: 'active' of product 'p1' is 'yes'; allowed: true, false",
            "15:11: 'skus' of product 'p1' has to be a list",
            "24:17: 'active' of sku 's1' is 'true'; allowed: true, false",
            "25:9: sku 's1' lacks 'unit'",
            "25:13: sku 's1' is declared twice; first on line 21",
            "27:9: a sku has no member 'price'; allowed: id, name, unit, active",
            "28:9: every item of 'skus' of product 'p2' has to be a mapping",
            "31:14: product instance 'i1' is of product 'p2', which is metered by image; only one with 'metering: instance' has instances",
            "34:14: product instance 'i2' names product 'p3', which is not declared (did you mean 'p1'?)",
            "35:15: product instance 'i2' names customer 'dn9999999', which is not declared",
            "36:5: a product instance lacks 'customer'",
            "36:5: a product instance lacks 'id'");
    }

    [Fact]
    public void Members_of_service_accounts_and_keys()
    {
        string yaml = $"""
            version: 1
            publishers: [{"{id: acme, name: Acme}"}]
            customers: [{"{billing_account: dn1, name: One}"}]
            service_accounts:
              - id: a1
                name: Both
                publisher: acme
                customer: dn1
              - id: a2
                name: Neither
                roles: [marketplace.meteringagent, marketplace.meteringAgent, marketplace.meteringAgent, [x], admin]
              - id: a3
                name: Keys
                customer: dn2
                keys:
                  - id: k1
                    algorithm: RSA_1024
                    public_key: x
                  - id: k2
                    algorithm: RSA_4096
                    created_at: yesterday
                    public_key: |
            {CatalogSamples.Indented(TestKeys.First.PublicPem(), 10)}
                  - id: k3
                    algorithm: RSA_2048
                    created_at: 2026-01-01T00:00:00
                    public_key: |
                      -----BEGIN PUBLIC KEY-----
                      AAAA
                      -----END PUBLIC KEY-----
                  - id: k3
            """;
        int last = yaml.Split('\n').Length;
        AssertFaults(
            yaml,
            "8:5: service account 'a1' names both a publisher and a customer; exactly one is needed",
            "9:5: service account 'a2' names neither a publisher nor a customer; exactly one is needed",
            "11:13: service account 'a2' has the role 'marketplace.meteringagent', which does not exist (did you mean 'marketplace.meteringAgent'?); allowed: marketplace.meteringAgent",
            "11:67: service account 'a2' has the role 'marketplace.meteringAgent' twice",
            "11:94: every item of 'roles' of service account 'a2' has to be a text",
            "11:99: service account 'a2' has the role 'admin', which does not exist; allowed: marketplace.meteringAgent",
            "14:15: service account 'a3' names customer 'dn2', which is not declared (did you mean 'dn1'?)",
            "17:20: 'algorithm' of authorized key 'k1' is 'RSA_1024'; allowed: RSA_2048, RSA_4096",
            "18:21: 'public_key' of authorized key 'k1': the public key is not PEM (-----BEGIN PUBLIC KEY----- …)",
            "21:21: 'created_at' of authorized key 'k2' is 'yesterday'; needed: RFC 3339, such as 2026-01-01T00:00:00Z",
            "22:21: 'public_key' of authorized key 'k2': the public key has 2048 bits, but its algorithm is RSA_4096",
            $"{last - 5}:21: 'created_at' of authorized key 'k3' is '2026-01-01T00:00:00'; needed: RFC 3339, such as 2026-01-01T00:00:00Z",
            $"{last - 4}:21: 'public_key' of authorized key 'k3': the public key is not an RSA key (SubjectPublicKeyInfo)",
            $"{last}:9: authorized key 'k3' lacks 'algorithm'",
            $"{last}:9: authorized key 'k3' lacks 'public_key'",
            $"{last}:13: authorized key 'k3' is declared twice; first on line {last - 7}");
    }

    [Fact]
    public void A_fault_reads_as_editors_understand_it() =>
        Assert.Equal("catalog.yaml:12:5: bad", new CatalogFault("catalog.yaml", 12, 5, "bad").ToString());

    [Fact]
    public void Two_thousand_damaged_files_are_read_without_a_crash()
    {
        string yaml = CatalogSamples.Full;
        var random = new Random(20260303);
        for (int round = 0; round < 2000; round++)
        {
            string damaged = yaml;
            for (int change = random.Next(1, 4); change > 0; change--)
                damaged = Mutations.Alter(damaged, random);
            var faults = new CatalogFaults("f");
            DeclaredCatalog? declared = CatalogReader.Read(damaged, faults);
            Assert.True(faults.Any == declared is null, damaged);
        }
    }

    private static IReadOnlyList<CatalogFault> FaultsOf(string yaml)
    {
        var faults = new CatalogFaults("catalog.yaml");
        DeclaredCatalog? declared = CatalogReader.Read(yaml, faults);
        Assert.Equal(faults.Any, declared is null);
        return faults.InOrder();
    }

    private static void AssertFaults(string yaml, params string[] expected) => Assert.Equal(
        expected.Order(StringComparer.Ordinal),
        FaultsOf(yaml).Select(fault => $"{fault.Line}:{fault.Column}: {fault.Reason}").Order(StringComparer.Ordinal));
}
