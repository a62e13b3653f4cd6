//! Files of tests: the same tree and the same findings as for policies, and another set of fields.

use tenantguard::request::HeaderList;
use tenantguard::trust::CertificateDigest;

use super::fields::{At, Fields};
use super::shapes::Shape;
use super::{certificates, delegations, values};
use crate::explain::Person;
use crate::finding::{Code, Finding};
use crate::place::{Located, Place, Quoted};
use crate::report::Report;
use crate::test::{Ask, Case, Credential, Expected, Principal, Suite};
use crate::tree::{Kind, Node};

const SUITE: Shape = Shape::of_tests(
    "a file of tests",
    &["version", "policy", "now", "principals", "requests", "cases"],
);
const PRINCIPAL: Shape = Shape::of_tests(
    "a principal",
    &["issuer", "subject", "tenant", "roles", "scopes", "claims", "certificate", "token"],
);
const REQUEST: Shape = Shape::of_tests("a request", &["method", "path", "host", "headers"]);

/// In a row of cases: every request that the row does not name.
const OTHERS: &str = "others";

/// Reads a file of tests.
pub(crate) fn suite(root: &Node, report: &mut Report) -> Option<Suite> {
    let at = At::root(root);
    super::check_version(&at, report)?;
    let fields = Fields::of(&at, &SUITE, report)?;
    let policy = fields.optional("policy").and_then(|at| text(&at, "the name of a file", report));
    let now = fields.required("now", report).and_then(|at| delegations::moment(&at, report));
    let principals = named(&fields, "principals", principal, report);
    let requests = named(&fields, "requests", request, report);
    let cases = fields.required("cases", report);
    let table = Table { principals: &principals, requests: &requests };
    let cases = cases.and_then(|at| table.cases(&at, report)).unwrap_or_default();
    Some(Suite { policy, now: now?.value, principals, requests, cases })
}

/// A section of named things.
fn named<'a, T>(
    fields: &Fields<'a>,
    section: &'static str,
    read: fn(&str, &At<'a>, &mut Report) -> Option<T>,
    report: &mut Report,
) -> Vec<T> {
    let Some(at) = fields.required(section, report) else { return Vec::new() };
    let Some(entries) = at.map("a map by names", report) else { return Vec::new() };
    let things = entries.iter().filter_map(|entry| read(&entry.key, &at.entry(entry), report));
    things.collect()
}

fn principal(name: &str, at: &At<'_>, report: &mut Report) -> Option<Principal> {
    let fields = Fields::of(at, &PRINCIPAL, report)?;
    let credential = match (fields.optional("token"), fields.optional("issuer")) {
        (Some(token), None) => {
            Credential::Token(values::text(&token, "a token", report)?.to_owned())
        }
        (None, Some(issuer)) => person(name, &issuer, &fields, report)?,
        (None, None) if matches!(&at.node.kind, Kind::Map(fields) if fields.is_empty()) => {
            Credential::Nobody
        }
        (Some(token), Some(_)) => {
            let message = "a principal has a token, or claims of an issuer, not both";
            return report.refuse(Code::Conflict, &token.key_place(), message);
        }
        (None, None) => {
            let message = "this principal has claims and no issuer to vouch for them";
            let finding = Finding::new(Code::MissingField, at.place(), message);
            report.push(finding.help("add `issuer: NAME`, or write `{}` for nobody"));
            return None;
        }
    };
    Some(Principal { name: name.to_owned(), place: at.key_place(), credential })
}

fn person(
    name: &str,
    issuer: &At<'_>,
    fields: &Fields<'_>,
    report: &mut Report,
) -> Option<Credential> {
    let texts = |field, report: &mut Report| {
        let at = fields.optional(field)?;
        let read = |at: &At<'_>, report: &mut Report| text(at, "a name", report);
        let list = values::list(&at, read, report)?;
        Some(list.into_iter().map(|item| item.value).collect::<Vec<String>>())
    };
    let one = |field, report: &mut Report| {
        fields.optional(field).and_then(|at| text(&at, "a text", report)).map(|text| text.value)
    };
    let claims = match fields.optional("claims") {
        None => serde_json::Map::new(),
        Some(at) => {
            at.map("claims by name", report)?;
            at.node.to_json().as_object().cloned().unwrap_or_default()
        }
    };
    let certificate: Option<CertificateDigest> = fields
        .optional("certificate")
        .and_then(|at| certificates::digest(&at, report))
        .map(|digest| digest.value);
    Some(Credential::Person(Box::new(Person {
        issuer: values::text(issuer, "the name of an issuer", report)?.to_owned(),
        subject: one("subject", report).or_else(|| Some(name.to_owned())),
        tenant: one("tenant", report),
        roles: texts("roles", report).unwrap_or_default(),
        scopes: texts("scopes", report),
        claims,
        certificate,
    })))
}

/// `GET /path`, or a map.
fn request(name: &str, at: &At<'_>, report: &mut Report) -> Option<Ask> {
    let headers = match &at.node.kind {
        Kind::Text(line) => request_line(line, at, report)?,
        _ => request_headers(at, report)?,
    };
    Some(Ask { name: name.to_owned(), place: at.key_place(), headers })
}

fn request_line(line: &str, at: &At<'_>, report: &mut Report) -> Option<HeaderList> {
    match line.split_once(' ') {
        Some((method, path)) if !method.is_empty() && !path.is_empty() => {
            Some(vec![pair(":method", method), pair(":path", path)])
        }
        _ => {
            let message = format!("{} is no method and path", Quoted(line));
            let finding = Finding::new(Code::InvalidText, at.place(), message);
            report.push(finding.help("write it as in `GET /api/v1/reports/7`"));
            None
        }
    }
}

fn request_headers(at: &At<'_>, report: &mut Report) -> Option<HeaderList> {
    let fields = Fields::of(at, &REQUEST, report)?;
    let required = |field, report: &mut Report| {
        fields.required(field, report).and_then(|at| text(&at, "a text", report))
    };
    let (method, path) = (required("method", report), required("path", report));
    let mut headers = vec![pair(":method", &method?.value), pair(":path", &path?.value)];
    if let Some(host) = fields.optional("host") {
        headers.push(pair(":authority", &text(&host, "a host", report)?.value));
    }
    let Some(at) = fields.optional("headers") else { return Some(headers) };
    for entry in at.map("headers by name", report)? {
        let value = at.entry(entry);
        let name = entry.key.to_ascii_lowercase();
        match &value.node.kind {
            Kind::List(nodes) => {
                for item in value.items(nodes) {
                    headers.push(pair(&name, &text(&item, "a text", report)?.value));
                }
            }
            _ => headers.push(pair(&name, &text(&value, "a text", report)?.value)),
        }
    }
    Some(headers)
}

fn pair(name: &str, value: &str) -> (String, Vec<u8>) {
    (name.to_owned(), value.as_bytes().to_vec())
}

fn text(at: &At<'_>, expected: &str, report: &mut Report) -> Option<Located<String>> {
    let value = values::text(at, expected, report)?.to_owned();
    Some(Located { value, place: at.place() })
}

/// What the rows and columns of the table are.
struct Table<'s> {
    principals: &'s [Principal],
    requests: &'s [Ask],
}

impl Table<'_> {
    fn cases(&self, at: &At<'_>, report: &mut Report) -> Option<Vec<Case>> {
        let rows = at.map("a map from principals to what is expected", report)?;
        let mut cases = Vec::new();
        for row in rows {
            let at = at.entry(row);
            let names = || self.principals.iter().map(|one| one.name.as_str());
            match names().position(|name| name == row.key) {
                Some(principal) => self.row(principal, &at, &mut cases, report),
                None => unknown("principal", &row.key, &at.key_place(), names(), report),
            }
        }
        values::not_empty(
            at,
            "there is nothing to test",
            "add a row: `alice: {read: permit}`",
            report,
        );
        Some(cases)
    }

    /// One principal's expectations, in the order of the requests for those that are not named.
    fn row(&self, principal: usize, at: &At<'_>, cases: &mut Vec<Case>, report: &mut Report) {
        let expected = "a map from requests to what is expected";
        let Some(cells) = at.map(expected, report) else { return };
        let names = || self.requests.iter().map(|one| one.name.as_str());
        let mut is_named = vec![false; self.requests.len()];
        for cell in cells {
            let at = at.entry(cell);
            let expected = expectation(&at, report);
            match names().position(|name| name == cell.key) {
                Some(request) => {
                    is_named.iter_mut().skip(request).take(1).for_each(|named| *named = true);
                    cases.extend(expected.map(|expected| Case { principal, request, expected }));
                }
                None if cell.key == OTHERS => {}
                None => {
                    let known = names().chain([OTHERS]);
                    unknown("request", &cell.key, &at.key_place(), known, report);
                }
            }
        }
        let others = cells.iter().find(|cell| cell.key == OTHERS);
        let others = others.and_then(|cell| expectation(&at.entry(cell), &mut Report::new()));
        let unnamed = is_named.iter().enumerate().filter(|(_, is_named)| !**is_named);
        cases.extend(others.into_iter().flat_map(|expected| {
            let case = move |request| Case { principal, request, expected: expected.clone() };
            unnamed.clone().map(move |(request, _)| case(request)).collect::<Vec<_>>()
        }));
    }
}

fn expectation(at: &At<'_>, report: &mut Report) -> Option<Located<Expected>> {
    let text = values::text(at, "permit, deny, or the code of a reason", report)?;
    if let Some(value) = Expected::parse(text) {
        return Some(Located { value, place: at.place() });
    }
    let reasons = tenantguard::decision::Reason::ALL.iter().map(|reason| reason.code());
    unknown("reason", text, &at.place(), reasons.chain(["deny"]), report);
    None
}

/// Reports a name that is not among those that are known.
pub(crate) fn unknown<'c>(
    what: &str,
    name: &str,
    place: &Place,
    known: impl Iterator<Item = &'c str> + Clone,
    report: &mut Report,
) {
    let help = report.suggest(name, known.clone()).unwrap_or_else(|| {
        let names: Vec<&str> = known.take(24).collect();
        format!("there are {}", names.join(", "))
    });
    let message = format!("there is no {what} {}", Quoted(name));
    report.push(Finding::new(Code::UnknownValue, place.clone(), message).help(help));
}
