//! Where a finding points: for the wrong example of each code, the path, the underlined text, and the
//! text of the other place.

use tenantguard_policy::place::Place;
use tenantguard_policy::{Code, Finding, Format, SourceFile, review};

use super::explained::{example, merged};
use crate::common::files;

/// The findings that are about no text in particular, or about the text as a whole.
const WITHOUT_TEXT: [Code; 5] =
    [Code::Syntax, Code::TooLarge, Code::TooDeep, Code::TooMany, Code::YamlDocuments];

/// Code, path, underlined text, and the other text, which is empty where there is none.
type Row = (&'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip] // one line for each finding
const ROWS: &[Row] = &[
    ("duplicate-key", "tenants.acme", "acme", "acme"),
    ("yaml-anchor", "roles.viewer.permissions", "&reading [", ""),
    ("yaml-alias", "tenants.globex", "*usual", ""),
    ("yaml-merge-key", "tenants.acme", "<<", ""),
    ("yaml-tag", "tenants.acme.isolation", "!!str shared", ""),
    ("yaml-key", "tenants", "[", ""),
    ("unsupported-version", "version", "2", ""),
    ("unknown-field", "overrides[0].denny", "denny", ""),
    ("missing-field", "tenants.acme.cell", "acme", ""),
    ("wrong-type", "roles.viewer.permissions", "\"reports:read\"", ""),
    ("conflict", "routes[0].methods", "methods", ""),
    ("empty-list", "issuers.platform.algorithms", "algorithms", ""),
    ("duplicate-item", "audiences[1]", "api.example.com", "api.example.com"),
    ("unknown-value", "tenants.acme.isolation", "separate", ""),
    ("invalid-text", "audiences[1]", "\"api example com\"", ""),
    ("invalid-name", "tenants.\"acme corp\"", "\"acme corp\"", ""),
    ("invalid-permission", "roles.viewer.permissions[1]", "\"read_reports\"", ""),
    ("invalid-duration", "issuers.platform.max_lifetime", "1 hour", ""),
    ("invalid-path", "routes[0].path", "/reports/report-{id}", ""),
    ("invalid-method", "routes[0].methods.get", "get", ""),
    ("invalid-header-prefix", "header_prefix", "\"my tenant\"", ""),
    ("invalid-claim", "issuers.platform.claims.scope", "\"/realm~access\"", ""),
    ("invalid-domain", "issuers.platform.claims.principal.domains[0]", "\"*.example.com\"", ""),
    ("invalid-digest", "issuers.platform.client_certificate.pinned[0]", "\"ab:cd\"", ""),
    ("invalid-host", "routes[0].hosts[0]", "\"*.example.com\"", ""),
    ("invalid-size", "limits.headers", "0", ""),
    ("invalid-size", "limits.body", "0B", ""),
    ("invalid-time", "delegations.acme-lets-partnerco-read.expires", "31.12.2026", ""),
    ("unknown-algorithm", "issuers.platform.algorithms[0]", "HS256", ""),
    ("wildcard-crosses-tenants", "overrides[0].tenant", "\"*\"", ""),
    ("unknown-tenant", "overrides[0].tenant", "amce", ""),
    ("unknown-role", "roles.editor.extends[0]", "veiwer", ""),
    ("unknown-permission", "overrides[0].deny[0]", "\"reports:wirte\"", ""),
    ("wildcard-matches-nothing", "roles.editor.permissions[1]", "\"reprots:*\"", ""),
    ("unknown-parameter", "routes[0].resource_tenant", "path.tenat", "/tenants/{tenant}/reports"),
    ("role-cycle", "roles.editor.extends[0]", "viewer", "viewer"),
    ("duplicate-route", "routes[1].path", "/reports/{id}", "/reports/{report}"),
    ("duplicate-issuer", "issuers.platform-old.issuer", "https://id.example.com", "https://id.example.com"),
    ("shared-namespace", "issuers.partner.namespace", "platform", "platform"),
    ("duplicate-override", "overrides[1]", "tenant", "tenant"),
    ("ambiguous-scope", "scopes.\"reports:read\"", "\"reports:read\"", ""),
    ("shared-cell", "tenants.acme.cell", "eu-1", "eu-1"),
    ("not-asserted", "issuers.partner.claims.tenant.constant", "acme", "partnerco"),
    ("dropped-claim", "issuers.platform.claims.drop[0]", "sub", ""),
    ("no-effect", "issuers.platform.claims.scope", "scp", ""),
    ("duplicate-kid", "issuers.platform.keys.jwks.keys[1]", "kty", "kty"),
    ("no-audience", "issuers.platform", "platform", ""),
    ("keys-unreadable", "issuers.platform.keys.jwks_file", "gone.jwks.json", ""),
    ("key-unusable", "issuers.platform.keys.jwks.keys[0]", "kty", ""),
    ("private-key", "issuers.platform.keys.jwks.keys[0]", "kty", ""),
    ("no-usable-key", "issuers.platform.keys.jwks", "jwks", ""),
    ("duplicate-role", "tenants.acme.roles.editor", "editor", "editor"),
    ("above-ceiling", "tenants.acme.roles.proofreader.extends[0]", "editor", "tenant_roles"),
    ("unknown-namespace", "delegations.acme-lets-partnerco-read.principals[0]", "plaform/alice", ""),
    ("self-delegation", "delegations.acme-lets-partnerco-read.to", "acme", "acme"),
    ("never-live", "delegations.acme-lets-partnerco-read.expires", "2025-12-31T00:00:00Z", "2026-01-01T00:00:00Z"),
    ("unreachable-route", "routes[3].path", "/reports/{rest...}", "/reports/"),
    ("unusable-route", "routes[0].path", "/reports/{report}", "\"reports:raed\""),
    ("unheld-permission", "routes[0].methods.DELETE", "\"reports:delete\"", ""),
    ("unused-role", "roles.auditor", "auditor", ""),
    ("unreachable-tenant", "tenants.partnerco", "partnerco", ""),
    ("override-without-effect", "overrides[0].grant[0]", "\"reports:read\"", "editor"),
    ("deny-beyond-role", "overrides[0].deny[0]", "\"reports:write\"", "contractor"),
    ("broad-issuer", "issuers.partner.asserts.tenants", "partner", "platform"),
    ("shared-principals", "issuers.partner.namespace", "people", "people"),
    ("shared-key", "issuers.partner.keys.jwks.keys[0]", "platform.jwks.json", "platform.jwks.json"),
    ("asserts-too-much", "issuers.partner.asserts.tenants[1]", "acme", "partnerco"),
    ("long-delegation", "delegations.acme-lets-partnerco-read.expires", "2031-12-31T00:00:00Z", "2026-01-01T00:00:00Z"),
    ("exceeds-delegator", "delegations.acme-lets-partnerco-read.permissions[0]", "\"reports:read\"", "acme"),
    ("idle-delegation", "delegations.acme-lets-partnerco-read.permissions[1]", "\"reports:write\"", ""),
];

fn underlined<'t>(place: &Place, text: &'t str) -> &'t str {
    place.span.map_or("", |span| &text[span.start..span.end])
}

#[test]
fn every_finding_underlines_what_is_wrong_and_names_the_other_place() {
    let mut rows = ROWS.iter();
    for code in Code::ALL.iter().copied().filter(|code| !WITHOUT_TEXT.contains(code)) {
        let text = merged(example(code.explanation(), "wrong").unwrap());
        let source = SourceFile { name: "policy.yaml", text: &text, format: Format::Yaml };
        let findings = review(&[source], &files()).findings;
        let row = |finding: &Finding| {
            let other = finding.other.as_ref().map_or("", |other| underlined(other, &text));
            (finding.path(), underlined(&finding.place, &text).to_owned(), other.to_owned())
        };
        for finding in findings.iter().filter(|finding| finding.code == code) {
            let (path, here, other) = row(finding);
            let found = (code.code(), path.as_str(), here.as_str(), other.as_str());
            assert_eq!(Some(&found), rows.next());
        }
    }
    assert_eq!(rows.next(), None);
}
