//! Every map of the language with its fields. Only this file makes a [`Shape`], so that what the
//! published JSON Schema is compared with is all that the readers know.

/// The fields that one kind of map has.
pub(crate) struct Shape {
    #[cfg(feature = "yaml")]
    name: &'static str,
    what: &'static str,
    fields: &'static [&'static str],
}

impl Shape {
    /// What the schema and the layout call it.
    #[cfg(feature = "yaml")]
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The shape of a map in a file of tests, which is beside the language.
    #[cfg(feature = "what-if")]
    pub(super) const fn of_tests(what: &'static str, fields: &'static [&'static str]) -> Self {
        Self {
            #[cfg(feature = "yaml")]
            name: "",
            what,
            fields,
        }
    }

    /// What a message calls it, with its article.
    pub(super) fn what(&self) -> &'static str {
        self.what
    }

    /// What it may have.
    pub(crate) fn fields(&self) -> &'static [&'static str] {
        self.fields
    }
}

macro_rules! shapes {
    ($($shape:ident = $name:literal, $what:literal,
       [$($field:literal),* $(,)?];)*) => {
        $(pub(crate) const $shape: Shape = Shape {
            #[cfg(feature = "yaml")]
            name: $name,
            what: $what,
            fields: &[$($field),*],
        };)*

        /// Every shape.
        #[cfg(all(test, feature = "schema"))]
        pub(crate) const ALL: &[&Shape] = &[$(&$shape),*];
    };
}

// The fields stand in the order in which `policy fmt` writes them.
shapes! {
    POLICY = "Policy", "a policy", [
        "version", "audiences", "default_cell", "header_prefix", "token", "token_cache", "paths",
        "limits", "cross_tenant", "issuers", "tenant_roles", "tenants", "roles", "overrides", "scopes", "routes",
        "delegations",
    ];
    TOKEN = "Token", "the place of the token", ["header", "cookie"];
    PATHS = "Paths", "the rules for paths", [
        "dot_segments", "repeated_slashes", "encoding", "semicolon", "encoded_slash",
    ];
    LIMITS = "Limits", "the limits of a request", ["path", "headers", "header_bytes", "body"];
    CROSS_TENANT = "CrossTenant", "what is asked between tenants", [
        "require_token", "max_lifetime", "bill",
    ];
    ISSUER = "Issuer", "an issuer", [
        "issuer", "namespace", "keys", "algorithms", "type", "audiences", "asserts",
        "unlisted_roles", "authority", "claims", "max_lifetime", "skew", "client_certificate",
        "delegation_tokens",
    ];
    KEYS = "Keys", "a source of keys", [
        "jwks_file", "jwks", "cluster", "path", "host", "refresh", "max_stale",
    ];
    ASSERTS = "Asserts", "what an issuer asserts", ["tenants", "roles"];
    CLAIMS = "Claims", "the map of an issuer's claims", [
        "tenant", "principal", "roles", "scope", "required", "drop",
    ];
    CLAIM_OF_TENANT = "TenantClaim", "the source of the tenant", ["claim", "constant"];
    CLAIM_OF_PRINCIPAL = "PrincipalClaim", "the source of the principal", ["claim", "domains"];
    CLAIM_OF_ROLES = "RolesClaim", "the source of the roles", ["claim", "map"];
    CERTIFICATE = "Certificates", "what is asked of the certificate", ["pinned"];
    TENANT_ROLES = "TenantRoles", "what is said of the tenants' roles", ["permissions"];
    TENANT = "Tenant", "a tenant", ["isolation", "cell", "roles"];
    ROLE = "Role", "a role", ["extends", "permissions"];
    OVERRIDE = "Override", "an override", ["tenant", "role", "grant", "deny"];
    ROUTE = "Route", "a route", [
        "path", "hosts", "public", "methods", "resource_tenant", "usage", "mode", "body",
        "on_stale", "revocation", "streams",
    ];
    STALE = "OnStale", "what holds with a stale copy", ["allow"];
    DELEGATION = "Delegation", "a delegation", [
        "from", "to", "principals", "permissions", "audiences", "bill", "not_before", "expires",
        "consent",
    ];
    CONSENT = "Consent", "a consent", ["by", "at", "reference"];
}
