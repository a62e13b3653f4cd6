//! The requests of the demo and what must come of each.

/// A chapter of the story.
pub(super) struct Chapter {
    /// What it shows.
    pub(super) title: &'static str,
    /// Its requests.
    pub(super) scenes: &'static [Scene],
}

/// One request.
pub(super) struct Scene {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// A further header, as the client spells it.
    pub(super) header: Option<(&'static str, &'static str)>,
    /// The token by name; none sends none.
    pub(super) token: Option<&'static str>,
    /// Who that is, for the table.
    pub(super) who: &'static str,
    pub(super) expected: Expected,
}

/// What must come of a request.
pub(super) enum Expected {
    /// It arrives in this cell, with this `x-tenant-id` and `x-resource-tenant-id`.
    Permit { reason: &'static str, tenant: Option<&'static str>, cell: &'static str },
    /// It is answered with this reason and status, and arrives nowhere.
    Deny { reason: &'static str, status: u16 },
}

const fn get(
    path: &'static str,
    token: &'static str,
    who: &'static str,
    expected: Expected,
) -> Scene {
    Scene { method: "GET", path, header: None, token: Some(token), who, expected }
}

const fn put(
    path: &'static str,
    token: &'static str,
    who: &'static str,
    expected: Expected,
) -> Scene {
    Scene { method: "PUT", path, header: None, token: Some(token), who, expected }
}

impl Scene {
    const fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    const fn without_token(mut self) -> Self {
        self.token = None;
        self
    }
}

const fn permit(tenant: &'static str, cell: &'static str) -> Expected {
    Expected::Permit { reason: "permit", tenant: Some(tenant), cell }
}

const fn public() -> Expected {
    Expected::Permit { reason: "public", tenant: None, cell: "shared" }
}

const fn deny(reason: &'static str, status: u16) -> Expected {
    Expected::Deny { reason, status }
}

const REPORT: &str = "/api/v1/reports/7";
const ACMES_REPORT: &str = "/api/v1/tenants/acme/reports/7";

/// The story.
pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        title: "Everybody at home: each tenant reaches its own data, in its own cell",
        scenes: &[
            get(REPORT, "alice", "alice, acme", permit("acme", "acme-eu")),
            put(REPORT, "alice", "alice, acme", permit("acme", "acme-eu")),
            get(REPORT, "grace", "grace, globex", permit("globex", "shared")),
            get(REPORT, "paula", "paula, partnerco", permit("partnerco", "shared")),
            get(ACMES_REPORT, "alice", "alice, acme", permit("acme", "acme-eu")),
            get("/healthz", "", "nobody", public()).without_token(),
        ],
    },
    Chapter {
        title: "Somebody else's data: the path names acme, or a header claims to be acme",
        scenes: &[
            get(ACMES_REPORT, "grace", "grace, globex", deny("delegation.none", 403)),
            get(ACMES_REPORT, "paula", "paula, partnerco", deny("delegation.none", 403)),
            get(REPORT, "grace", "grace, globex", permit("globex", "shared"))
                .with("x-tenant-id", "acme"),
            get(REPORT, "grace", "grace, globex", permit("globex", "shared"))
                .with("X_Tenant_Cell", "acme-eu"),
        ],
    },
    Chapter {
        title: "Nobody we know: no token, or one that proves nothing",
        scenes: &[
            get(REPORT, "", "nobody", deny("token.missing", 401)).without_token(),
            get(REPORT, "alice-forged", "a forger, as alice", deny("token.signature", 401)),
            get(REPORT, "alice-unsigned", "alg: none, as alice", deny("token.algorithm", 401)),
            get(REPORT, "alice-expired", "alice, too late", deny("token.expired", 401)),
            get(REPORT, "alice-no-tenant", "alice, no tenant", deny("tenant.claim", 403)),
        ],
    },
    Chapter {
        title: "A partner's provider that says more than it may",
        scenes: &[
            get(REPORT, "paula-for-acme", "paula, for acme", deny("issuer.tenant", 403)),
            get(REPORT, "paula-admin", "paula, as admin", deny("issuer.role", 403)),
        ],
    },
    Chapter {
        title: "The right person, too much asked",
        scenes: &[
            put(REPORT, "grace", "grace, only viewer", deny("permission.missing", 403)),
            put(REPORT, "alice-read-only", "alice, scope read", deny("scope.missing", 403)),
            Scene {
                method: "DELETE",
                path: REPORT,
                header: None,
                token: Some("alice"),
                who: "alice, acme",
                expected: deny("route.method", 405),
            },
        ],
    },
    Chapter {
        title: "Path tricks, and paths that nobody opened",
        scenes: &[
            get("/healthz/../api/v1/users/1", "", "nobody", deny("token.missing", 401))
                .without_token(),
            get("//healthz", "", "nobody", public()).without_token(),
            get("/healthz;x/api/v1/users/1", "", "nobody", deny("request.malformed", 400))
                .without_token(),
            get("/healthz%2f..%2fapi%2fusers%2f1", "", "nobody", deny("request.malformed", 400))
                .without_token(),
            get("/internal/metrics", "alice", "alice, acme", deny("route.unknown", 403)),
        ],
    },
];
