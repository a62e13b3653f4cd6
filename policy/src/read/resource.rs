//! What a route says beside its path: the hosts that it is for, and where a request on it says whose
//! data it asks for.

use tenantguard::artifact::host::HostPattern;

use super::fields::At;
use super::values;
use crate::finding::{Code, Finding};
use crate::place::{Located, Quoted};
use crate::report::Report;
use crate::source::ResourceTenant;

/// Headers that say something else, or nothing that can be trusted to be about a tenant.
const TAKEN: [&str; 3] = ["authorization", "cookie", "host"];
/// The longest name of a header, in bytes.
const HEADER_LIMIT: usize = 128;

pub(super) fn hosts(at: &At<'_>, report: &mut Report) -> Option<Vec<Located<HostPattern>>> {
    let help = "name a host, or leave `hosts` out for any";
    values::not_empty(at, "this route is for no host", help, report);
    values::list(at, host, report)
}

fn host(at: &At<'_>, report: &mut Report) -> Option<Located<HostPattern>> {
    let text = values::text(at, "a host such as api.example.com", report)?;
    match HostPattern::parse(text) {
        Ok(value) => Some(Located { value, place: at.place() }),
        Err(error) => {
            let message = format!("{} is not a host: it {error}", Quoted(text));
            let finding = Finding::new(Code::InvalidHost, at.place(), message);
            let help = "write a name such as api.example.com, or with one label open, \
                        \"{tenant}.example.com\"";
            report.push(finding.help(help));
            None
        }
    }
}

/// `path.NAME`, `header.NAME`, `host.NAME`, or `token`.
pub(super) fn tenant(at: &At<'_>, report: &mut Report) -> Option<Located<ResourceTenant>> {
    let text = values::text(at, "where the resource tenant is, such as path.tenant,", report)?;
    let value = match text.split_once('.') {
        Some(("path", name)) => ResourceTenant::Path(name.to_owned()),
        Some(("host", name)) => ResourceTenant::HostLabel(name.to_owned()),
        Some(("header", name)) => ResourceTenant::Header(header(name, at, report)?),
        None if text == "token" => ResourceTenant::Token,
        _ => {
            let message = format!("{} does not say where the resource tenant is", Quoted(text));
            let finding = Finding::new(Code::UnknownValue, at.place(), message);
            let help = "write path.NAME, where the route's path has {NAME}; host.NAME, where its \
                        hosts have; header.NAME; or token";
            report.push(finding.help(help));
            return None;
        }
    };
    Some(Located { value, place: at.place() })
}

fn header(name: &str, at: &At<'_>, report: &mut Report) -> Option<String> {
    let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_name = (1..=HEADER_LIMIT).contains(&name.len()) && name.bytes().all(is_allowed);
    if is_name && !TAKEN.contains(&name) {
        return Some(name.to_owned());
    }
    let message = format!("a tenant cannot come from the header {}", Quoted(name));
    let finding = Finding::new(Code::InvalidText, at.place(), message);
    report.push(finding.help("write its name in lower case, such as header.x-account"));
    None
}
