using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Reads a catalog file: YAML, then each object by itself, then the references between them, which may point forward.
/// Every fault of the file is found in one go.
/// </summary>
internal sealed class CatalogReader
{
    private const string Version = "1";
    private const int UnitCharacters = Limits.UnitCharacters;

    private static readonly string[] Sections = ["version", "publishers", "customers", "products", "instances", "service_accounts"];
    private static readonly string[] Roles = [ServiceAccount.MeteringAgent];
    private static readonly string AllRoles = string.Join(", ", Roles);

    private readonly CatalogFaults _faults;
    private readonly List<Declaration> _declarations = [];
    private readonly Dictionary<(CatalogKind Kind, string Id), Declaration> _byId = [];
    private readonly List<Reference> _references = [];

    private CatalogReader(CatalogFaults faults) => _faults = faults;

    /// <summary>The catalog, or null when the file has faults.</summary>
    public static DeclaredCatalog? Read(string yaml, CatalogFaults faults)
    {
        CatalogNode? root = CatalogDocument.Read(yaml, faults);
        if (root is MappingNode mapping)
            return new CatalogReader(faults).Read(mapping);
        if (root is not null || !faults.Any)
            faults.Add(root?.Line ?? 1, root?.Column ?? 1, "a catalog has to be a mapping that starts with 'version: 1'");
        return null;
    }

    private DeclaredCatalog? Read(MappingNode root)
    {
        CheckSections(root);
        ReadSection(root, "publishers", ReadPublisher);
        ReadSection(root, "customers", ReadCustomer);
        ReadSection(root, "products", ReadProduct);
        ReadSection(root, "instances", ReadInstance);
        ReadSection(root, "service_accounts", ReadServiceAccount);
        foreach (Reference reference in _references)
            Check(reference);
        return _faults.Any ? null : new DeclaredCatalog([.. _declarations.OrderBy(declaration => declaration.Object.Kind)]);
    }

    private string Nearest(string name, IEnumerable<string> names) => _faults.Suggest(name, names);

    private void CheckSections(MappingNode root)
    {
        foreach ((string name, MemberNode member) in root.Members)
        {
            if (!Sections.Contains(name))
                _faults.Add(member, DeclarationReader.UnknownMember("a catalog", name, Sections, _faults));
        }

        if (!root.Members.TryGetValue("version", out MemberNode? version))
            _faults.Add(root, "the catalog lacks 'version'; this server understands version 1");
        else if (version.Value is not TextNode { IsPlain: true, Text: Version })
            _faults.Add(version.Value, $"'version' is {ShownVersion(version.Value)}; this server understands version 1");
    }

    private static string ShownVersion(CatalogNode node) => node is TextNode text ? $"'{Shortened(text.Text)}'" : "no number";

    private static string Shortened(string text) => DeclarationReader.Shortened(text);

    private void ReadSection(MappingNode root, string section, Action<MappingNode> read)
    {
        if (!root.Members.TryGetValue(section, out MemberNode? member) || member.Value is TextNode { IsNull: true })
            return;
        if (member.Value is ListNode list)
            ReadEach(list.Items, $"'{section}'", read);
        else
            _faults.Add(member.Value, $"'{section}' has to be a list");
    }

    private void ReadEach(IReadOnlyList<CatalogNode> items, string list, Action<MappingNode> read)
    {
        foreach (CatalogNode item in items)
        {
            if (item is MappingNode mapping)
                read(mapping);
            else
                _faults.Add(item, $"every item of {list} has to be a mapping");
        }
    }

    private void ReadPublisher(MappingNode node)
    {
        DeclarationReader reader = Open(node, "publisher", "id", "name");
        Declare(new Publisher(reader.Id, reader.Name("name")), node, "id", reader);
    }

    private void ReadCustomer(MappingNode node)
    {
        DeclarationReader reader = Open(node, "customer", "billing_account", "name", "status");
        string status = reader.Word("status", ["active", "suspended"], "active");
        Declare(new Customer(reader.Id, reader.Name("name"), status == "suspended"), node, "billing_account", reader);
    }

    private void ReadProduct(MappingNode node)
    {
        DeclarationReader reader = Open(node, "product", "id", "publisher", "name", "metering", "active", "skus");
        string publisherId = reader.Identifier("publisher");
        ProductKind metering = reader.Word("metering", ["instance", "image"], null) == "image" ? ProductKind.Image : ProductKind.Instance;
        Declare(new Product(reader.Id, reader.Name("name"), publisherId, metering, reader.Flag("active")), node, "id", reader);
        Refer(CatalogKind.Publisher, publisherId, node.PlaceOf("publisher"), reader, "publisher");
        ReadEach(reader.Items("skus"), $"'skus' of {reader.What}", sku => ReadSku(sku, reader.Id));
    }

    private void ReadSku(MappingNode node, string productId)
    {
        DeclarationReader reader = Open(node, "sku", "id", "name", "unit", "active");
        string unit = reader.Name("unit", UnitCharacters);
        Declare(new Sku(reader.Id, reader.Name("name"), productId, unit, reader.Flag("active")), node, "id", reader);
    }

    private void ReadInstance(MappingNode node)
    {
        DeclarationReader reader = Open(node, "product instance", "id", "product", "customer", "active");
        var instance = new ProductInstance(reader.Id, reader.Identifier("product"), reader.Identifier("customer"), reader.Flag("active"));
        Declare(instance, node, "id", reader);
        Refer(CatalogKind.Product, instance.ProductId, node.PlaceOf("product"), reader, "product");
        Refer(CatalogKind.Customer, instance.CustomerId, node.PlaceOf("customer"), reader, "customer");
    }

    private void ReadServiceAccount(MappingNode node)
    {
        DeclarationReader reader = Open(node, "service account", "id", "name", "publisher", "customer", "roles", "keys");
        string name = reader.Name("name");
        string? publisherId = reader.Has("publisher") ? reader.Identifier("publisher") : null;
        string? customerId = reader.Has("customer") ? reader.Identifier("customer") : null;
        if (publisherId is null == customerId is null)
        {
            string owners = publisherId is null ? "neither a publisher nor a customer" : "both a publisher and a customer";
            _faults.Add(publisherId is null ? node : node.Members["customer"], $"{reader.What} names {owners}; exactly one is needed");
        }

        if (publisherId is not null)
            Refer(CatalogKind.Publisher, publisherId, node.PlaceOf("publisher"), reader, "publisher");
        if (customerId is not null)
            Refer(CatalogKind.Customer, customerId, node.PlaceOf("customer"), reader, "customer");
        Declare(new ServiceAccount(reader.Id, name, publisherId, customerId, ReadRoles(reader)), node, "id", reader);
        ReadEach(reader.Items("keys"), $"'keys' of {reader.What}", key => ReadKey(key, reader.Id));
    }

    private List<string> ReadRoles(DeclarationReader account)
    {
        var roles = new List<string>();
        foreach (CatalogNode item in account.Items("roles"))
        {
            if (item is not TextNode { IsNull: false } role)
                _faults.Add(item, $"every item of 'roles' of {account.What} has to be a text");
            else if (!Roles.Contains(role.Text))
                _faults.Add(role, UnknownRole(account, role.Text));
            else if (roles.Contains(role.Text))
                _faults.Add(role, $"{account.What} has the role '{role.Text}' twice");
            else
                roles.Add(role.Text);
        }

        return roles;
    }

    private string UnknownRole(DeclarationReader account, string role) =>
        $"{account.What} has the role '{Shortened(role)}', which does not exist{Nearest(role, Roles)}; allowed: {AllRoles}";

    private void ReadKey(MappingNode node, string accountId)
    {
        DeclarationReader reader = Open(node, "authorized key", "id", "algorithm", "public_key", "created_at");
        string algorithm = reader.Word("algorithm", AuthorizedPublicKey.Algorithms, null);
        string pem = reader.Block("public_key");
        DateTimeOffset createdAt = reader.Moment("created_at") ?? DateTimeOffset.MinValue;
        if (pem.Length > 0)
        {
            if (AuthorizedPublicKey.TryRead(algorithm, pem, out AuthorizedPublicKey? key, out string fault))
                pem = key.Pem;
            else
                _faults.Add(node.PlaceOf("public_key"), $"'public_key' of {reader.What}: {fault}");
        }

        Declare(new AuthorizedKey(reader.Id, accountId, createdAt, algorithm, pem, Declared: true), node, "id", reader);
    }

    private DeclarationReader Open(MappingNode node, string kind, string idMember, params string[] otherMembers) =>
        new(node, kind, idMember, [idMember, .. otherMembers], _faults);

    private void Declare(CatalogObject declared, MappingNode node, string idMember, DeclarationReader reader)
    {
        var declaration = new Declaration(declared, node);
        _declarations.Add(declaration);
        if (declared.Id.Length == 0 || _byId.TryAdd((declared.Kind, declared.Id), declaration))
            return;
        CatalogNode first = _byId[(declared.Kind, declared.Id)].Node.PlaceOf(idMember);
        _faults.Add(node.PlaceOf(idMember), $"{reader.What} is declared twice; first on line {first.Line}");
    }

    private void Refer(CatalogKind kind, string id, CatalogNode place, DeclarationReader from, string member)
    {
        if (id.Length > 0)
            _references.Add(new Reference(kind, id, place, from.What, member));
    }

    private void Check(Reference reference)
    {
        if (!_byId.TryGetValue((reference.Kind, reference.Id), out Declaration? found))
        {
            IEnumerable<string> declared = _byId.Keys.Where(key => key.Kind == reference.Kind).Select(key => key.Id);
            _faults.Add(
                reference.Place,
                $"{reference.From} names {reference.Member} '{reference.Id}', which is not declared{Nearest(reference.Id, declared)}");
        }
        else if (found.Object is Product { Metering: not ProductKind.Instance })
        {
            _faults.Add(
                reference.Place,
                $"{reference.From} is of product '{reference.Id}', which is metered by image; "
                + "only one with 'metering: instance' has instances");
        }
    }

    private sealed record Reference(CatalogKind Kind, string Id, CatalogNode Place, string From, string Member);
}
