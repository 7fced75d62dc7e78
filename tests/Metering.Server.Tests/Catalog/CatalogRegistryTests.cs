using Metering.Ledger;

namespace Metering.Server.Tests;

public sealed class CatalogRegistryTests : IDisposable
{
    private readonly CatalogStoreInMemory _store = new();
    private readonly CatalogHolder _holder = new();
    private readonly SettableTime _time = new();
    private readonly CatalogRegistry _registry;

    public CatalogRegistryTests() => _registry = new CatalogRegistry(_store, _holder, _time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _registry.Dispose();

    [Fact]
    public async Task What_is_new_is_added_and_in_force_at_once()
    {
        CatalogApplication application = await Apply(CatalogSamples.Full);
        Assert.Equal(1, application.Version);
        Assert.Equal(
            ["publisher acme", "product acme-image", "product f2e4tmlj4qqciunhr7e6", "sku dn272e8979uvek5cnuhk", "customer dn2b7c0example",
                "product instance inst-1", "service account aje-acme", "service account aje-example", "authorized key ajk-1"],
            application.Differences.Select(difference => $"{difference.KindName} {difference.Id}"));
        Assert.All(application.Differences, difference => Assert.Equal(CatalogAction.Add, difference.Action));
        Assert.Equal(
            [new("name", "", "Core hours"), new("product", "", "f2e4tmlj4qqciunhr7e6"), new("unit", "", "core*hour"), new("active", "", "true")],
            application.Differences.Single(difference => difference.Kind == CatalogKind.Sku).Fields);

        CatalogSnapshot snapshot = _holder.Current;
        Assert.Equal(1, snapshot.Stored.Version);
        Assert.True(snapshot.FindSku("dn272e8979uvek5cnuhk"u8)!.IsActive);
        Assert.True(snapshot.FindAccount("aje-acme")!.IsMeteringAgent);
        Assert.Equal("aje-acme", snapshot.FindKey("ajk-1")!.ServiceAccountId);
        Assert.True(snapshot.FindKey("ajk-1")!.Declared);
    }

    [Fact]
    public async Task Nothing_new_makes_no_new_version()
    {
        await Apply(CatalogSamples.Full);
        CatalogSnapshot snapshot = _holder.Current;
        CatalogApplication again = await Apply(CatalogSamples.Full);
        Assert.Empty(again.Faults);
        Assert.Empty(again.Differences);
        Assert.Equal(1, again.Version);
        Assert.Equal(1, _store.Applications);
        Assert.Same(snapshot, _holder.Current);
    }

    [Fact]
    public async Task A_dry_run_says_the_same_and_changes_nothing()
    {
        CatalogApplication dry = await _registry.ApplyAsync(CatalogSamples.Full, "f", dryRun: true, Cancellation);
        Assert.Equal(0, dry.Version);
        Assert.Equal(0, _store.Applications);
        Assert.Same(CatalogSnapshot.Empty, _holder.Current);
        CatalogApplication wet = await Apply(CatalogSamples.Full);
        Assert.Equivalent(wet.Differences, dry.Differences, strict: true);
    }

    [Fact]
    public async Task A_change_is_shown_field_by_field()
    {
        await Apply(CatalogSamples.Full);
        CatalogApplication application = await Apply(CatalogSamples.Full
            .Replace("name: Acme Database", "name: Acme DB", StringComparison.Ordinal)
            .Replace("status: active", "status: suspended", StringComparison.Ordinal)
            .Replace("roles: [marketplace.meteringAgent]", "roles: []", StringComparison.Ordinal));
        Assert.Equal(2, application.Version);
        Assert.Equal(
            ["Change product f2e4tmlj4qqciunhr7e6: name 'Acme Database' -> 'Acme DB'", "Change customer dn2b7c0example: status 'active' -> 'suspended'",
                "Change service account aje-acme: roles 'marketplace.meteringAgent' -> ''"],
            application.Differences.Select(Shown));
        Assert.False(_holder.Current.FindAccount("aje-acme")!.IsMeteringAgent);
    }

    [Fact]
    public async Task What_is_not_declared_any_more_is_retired_and_can_come_back()
    {
        await Apply(CatalogSamples.Full);
        int skuKey = _holder.Current.FindSku("dn272e8979uvek5cnuhk"u8)!.Key;
        CatalogApplication gone = await Apply("version: 1\n");
        Assert.Equal(9, gone.Differences.Count);
        Assert.All(gone.Differences, difference => Assert.Equal((CatalogAction.Retire, 0), (difference.Action, difference.Fields.Count)));
        Assert.Null(_holder.Current.FindKey("ajk-1"));
        Assert.Null(_holder.Current.FindAccount("aje-acme"));
        Assert.False(_holder.Current.FindSku("dn272e8979uvek5cnuhk"u8)!.IsActive);
        Assert.Empty((await Apply("version: 1\n")).Differences);

        CatalogApplication back = await Apply(CatalogSamples.Full.Replace("name: Core hours", "name: Cores", StringComparison.Ordinal));
        Assert.All(back.Differences, difference => Assert.Equal(CatalogAction.Restore, difference.Action));
        Assert.Contains("Restore sku dn272e8979uvek5cnuhk: name 'Core hours' -> 'Cores'", back.Differences.Select(Shown));
        Assert.Equal(skuKey, _holder.Current.FindSku("dn272e8979uvek5cnuhk"u8)!.Key);
        Assert.NotNull(_holder.Current.FindKey("ajk-1"));
    }

    [Theory]
    [InlineData("    publisher: acme\n    name: Acme Database", "    publisher: other\n    name: Acme Database",
        "15:16: 'publisher' of product 'f2e4tmlj4qqciunhr7e6' was applied as 'acme' and cannot become 'other'; declare a new product with another id")]
    [InlineData("metering: image", "metering: instance",
        "27:15: 'metering' of product 'acme-image' was applied as 'image' and cannot become 'instance'; declare a new product with another id")]
    [InlineData("unit: core*hour", "unit: hour",
        "22:15: 'unit' of sku 'dn272e8979uvek5cnuhk' was applied as 'core*hour' and cannot become 'hour'; declare a new sku with another id")]
    [InlineData("    customer: dn2b7c0example\n    active: true", "    customer: dn3\n    active: true",
        "31:15: 'customer' of product instance 'inst-1' was applied as 'dn2b7c0example' and cannot become 'dn3'; declare a new product instance with another id")]
    [InlineData("    customer: dn2b7c0example\n\n", "    publisher: acme\n\n",
        "{54}:16: 'publisher' of service account 'aje-example' was applied as none and cannot become 'acme'; declare a new service account with another id",
        "{52}:5: 'customer' of service account 'aje-example' was applied as 'dn2b7c0example' and cannot become none; declare a new service account with another id")]
    public async Task What_can_never_change_is_a_fault_with_advice(string before, string after, params string[] faults)
    {
        string yaml = (CatalogSamples.Full + "\n")
            .Replace("publishers:\n", "publishers:\n  - id: other\n    name: Other\n", StringComparison.Ordinal)
            .Replace("customers:\n", "customers:\n  - billing_account: dn3\n    name: Third\n", StringComparison.Ordinal);
        Assert.Empty((await Apply(yaml)).Faults);
        Assert.Contains(before, yaml, StringComparison.Ordinal);
        CatalogApplication application = await Apply(yaml.Replace(before, after, StringComparison.Ordinal));

        // The account stands behind a key's PEM; its lines are counted from there.
        int shift = yaml.Split('\n').ToList().FindIndex(line => line.Contains("id: aje-example", StringComparison.Ordinal)) + 1 - 52;
        IEnumerable<string> expected = faults.Select(fault => fault
            .Replace("{54}", $"{54 + shift}", StringComparison.Ordinal)
            .Replace("{52}", $"{52 + shift}", StringComparison.Ordinal));
        Assert.Equal(
            expected.Order(),
            application.Faults.Select(fault => $"{fault.Line}:{fault.Column}: {fault.Reason}").Order());
        Assert.Equal(1, application.Version);
        Assert.Equal(1, _holder.Current.Stored.Version);
    }

    [Fact]
    public async Task The_material_of_a_key_can_never_change()
    {
        await Apply(CatalogSamples.Full);
        string before = CatalogSamples.Indented(TestKeys.First.PublicPem(), 10);
        string after = CatalogSamples.Indented(TestKeys.Second.PublicPem(), 10);
        CatalogApplication application = await Apply(CatalogSamples.Full.Replace(before, after, StringComparison.Ordinal));
        CatalogFault fault = Assert.Single(application.Faults);
        Assert.Equal((38, 21), (fault.Line, fault.Column));
        Assert.Matches(
            "^'public_key' of authorized key 'ajk-1' was applied as 'SHA256:.{43}' and cannot become 'SHA256:.{43}'; declare a new authorized key with another id$",
            fault.Reason);
    }

    [Fact]
    public async Task A_file_with_faults_is_refused_whole()
    {
        await Apply(CatalogSamples.Full);
        string yaml = CatalogSamples.Full.Replace("publisher: acme\n    roles", "publisher: acmee\n    roles", StringComparison.Ordinal);
        CatalogApplication application = await Apply(yaml);
        CatalogFault fault = Assert.Single(application.Faults);
        Assert.Equal(
            "catalog.yaml:32:16: service account 'aje-acme' names publisher 'acmee', which is not declared (did you mean 'acme'?)",
            fault.ToString());
        Assert.Empty(application.Differences);
        Assert.Equal(1, application.Version);
    }

    [Fact]
    public async Task A_key_is_created_when_first_applied_unless_it_says_otherwise()
    {
        string yaml = CatalogSamples.Full.Replace("        created_at: 2026-01-01T00:00:00Z\n", "", StringComparison.Ordinal);
        await Apply(yaml);
        Assert.Equal(SettableTime.Start, _holder.Current.FindKey("ajk-1")!.CreatedAt);
        _time.Now = _time.Now.AddDays(1);
        Assert.Empty((await Apply(yaml)).Differences);
        Assert.Equal(
            "Change authorized key ajk-1: created_at '2026-03-01T12:00:00Z' -> '2026-01-01T00:00:00Z'",
            Shown(Assert.Single((await Apply(CatalogSamples.Full)).Differences)));
    }

    [Fact]
    public async Task A_registered_key_is_left_alone_until_its_account_goes()
    {
        await Apply(CatalogSamples.Full);
        KeyRegistration registration = await Register("ajk-2", "aje-example");
        Assert.Equal(SettableTime.Start, registration.Key!.CreatedAt);
        Assert.False(registration.Key.Declared);
        Assert.NotNull(_holder.Current.FindKey("ajk-2"));
        Assert.Empty((await Apply(CatalogSamples.Full)).Differences);

        string without = CatalogSamples.Full[..CatalogSamples.Full.IndexOf("  - id: aje-example", StringComparison.Ordinal)];
        CatalogApplication application = await Apply(without);
        Assert.Equal(["service account aje-example", "authorized key ajk-2"], application.Differences.Select(one => $"{one.KindName} {one.Id}"));
        Assert.Null(_holder.Current.FindKey("ajk-2"));
    }

    [Fact]
    public async Task A_registered_key_can_become_a_declared_one()
    {
        string without = CatalogSamples.Full[..CatalogSamples.Full.IndexOf("    keys:", StringComparison.Ordinal)];
        await Apply(without);
        await Register("ajk-1", "aje-acme");
        string declared = CatalogSamples.Full.Replace("        created_at: 2026-01-01T00:00:00Z\n", "", StringComparison.Ordinal);
        CatalogDifference difference = (await Apply(declared)).Differences.Single(one => one.Kind == CatalogKind.AuthorizedKey);
        Assert.Equal("Change authorized key ajk-1: declared 'false' -> 'true'", Shown(difference));
    }

    [Fact]
    public async Task What_is_wrong_with_a_registration_is_said()
    {
        await Apply(CatalogSamples.Full);
        await AssertRegistrationRefused("ajk-1", "aje-acme", RefusalKind.AlreadyExists, "the key id 'ajk-1' is taken; choose another");
        await AssertRegistrationRefused("ajk-3", "aje-none", RefusalKind.NotFound, "there is no service account 'aje-none' in the catalog");
        await AssertRegistrationRefused("a b", "aje-acme", RefusalKind.InvalidForm, "the key's id is 'a b'; allowed: 1 to 50 characters");
        KeyRegistration wrongSize = await _registry.RegisterKeyAsync(null, "aje-acme", "RSA_4096", TestKeys.Second.PublicPem(), Cancellation);
        Assert.Equal("the public key has 2048 bits, but its algorithm is RSA_4096", wrongSize.Refusal!.Message);
        Assert.Null(await _registry.DeleteKeyAsync("ajk-1", Cancellation));
        await AssertRegistrationRefused("ajk-1", "aje-acme", RefusalKind.AlreadyExists, "the key id 'ajk-1' was used by a key that was deleted");
    }

    [Fact]
    public async Task An_id_is_chosen_for_a_key_that_brings_none()
    {
        await Apply(CatalogSamples.Full);
        AuthorizedKey one = (await Register(null, "aje-acme")).Key!;
        AuthorizedKey other = (await Register("", "aje-acme")).Key!;
        Assert.Matches("^ajk[a-z0-9]{17}$", one.Id);
        Assert.NotEqual(one.Id, other.Id);
        Assert.NotNull(_holder.Current.FindKey(one.Id));
    }

    [Fact]
    public async Task A_deleted_key_is_gone_at_once_and_cannot_be_deleted_twice()
    {
        await Apply(CatalogSamples.Full);
        Assert.Null(await _registry.DeleteKeyAsync("ajk-1", Cancellation));
        Assert.Null(_holder.Current.FindKey("ajk-1"));
        Refusal refusal = (await _registry.DeleteKeyAsync("ajk-1", Cancellation))!;
        Assert.Equal(new Refusal(RefusalKind.NotFound, "there is no authorized key 'ajk-1' in the catalog"), refusal);
    }

    [Fact]
    public async Task A_change_that_another_node_overtook_is_computed_anew()
    {
        _store.Interference = () => _store.Put(new CatalogPut(new Publisher("acme", "Acme Software"), Retired: false));
        CatalogApplication application = await Apply(CatalogSamples.Full);
        Assert.Equal(2, application.Version);
        Assert.DoesNotContain(application.Differences, difference => difference.Kind == CatalogKind.Publisher);
        Assert.Equal(2, _holder.Current.Stored.Version);
    }

    [Fact]
    public async Task Endless_conflicts_and_a_failing_store_leave_the_catalog_in_force_as_it_was()
    {
        await Apply(CatalogSamples.Full);
        CatalogSnapshot before = _holder.Current;
        _store.AlwaysConflicts = true;
        await Assert.ThrowsAsync<CatalogConflictException>(() => Apply("version: 1\n"));
        _store.Fails = true;
        await Assert.ThrowsAsync<IOException>(() => Apply("version: 1\n"));
        Assert.Same(before, _holder.Current);
        _store.Fails = _store.AlwaysConflicts = false;
        Assert.Equal(2, (await Apply("version: 1\n")).Version);
    }

    [Fact]
    public async Task Changes_at_the_same_time_come_one_after_the_other()
    {
        await Apply(CatalogSamples.Full);
        KeyRegistration[] registrations = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Register(null, "aje-acme")));
        Assert.All(registrations, registration => Assert.NotNull(_holder.Current.FindKey(registration.Key!.Id)));
        Assert.Equal(21, _holder.Current.Stored.Version);
    }

    [Fact]
    public async Task The_stored_catalog_is_in_force_after_loading()
    {
        await Apply(CatalogSamples.Full);
        var holder = new CatalogHolder();
        using var restarted = new CatalogRegistry(_store, holder, _time);
        await restarted.LoadAsync(Cancellation);
        Assert.Equal(1, holder.Current.Stored.Version);
        Assert.NotNull(holder.Current.FindKey("ajk-1"));
    }

    private static string Shown(CatalogDifference difference) =>
        $"{difference.Action} {difference.KindName} {difference.Id}: "
        + string.Join(", ", difference.Fields.Select(field => $"{field.Field} '{field.Before}' -> '{field.After}'"));

    private Task<CatalogApplication> Apply(string yaml) => _registry.ApplyAsync(yaml, "catalog.yaml", dryRun: false, Cancellation);

    private Task<KeyRegistration> Register(string? keyId, string accountId) =>
        _registry.RegisterKeyAsync(keyId, accountId, "RSA_2048", TestKeys.First.PublicPem(), Cancellation);

    private async Task AssertRegistrationRefused(string keyId, string accountId, RefusalKind kind, string words)
    {
        KeyRegistration registration = await Register(keyId, accountId);
        Assert.Null(registration.Key);
        Assert.Equal(kind, registration.Refusal!.Kind);
        Assert.StartsWith(words, registration.Refusal.Message, StringComparison.Ordinal);
    }
}
