//! Single values: texts, names, durations, words of a list, lists of any of them.

use std::cmp::Ordering;
use std::fmt::Display;
use std::time::Duration;

use tenantguard::headers::HeaderNames;
use tenantguard::identity::PermissionName;

use super::fields::At;
use super::wildcards;
use crate::finding::{Code, Finding};
use crate::place::{Located, Place, Quoted};
use crate::report::Report;
use crate::source::{Listed, Pattern};
use crate::tree::Kind;

/// The longest `iss` or audience that is accepted, in bytes.
const IDENTIFIER_LIMIT: usize = 1024;

/// A text.
pub(super) fn text<'a>(at: &At<'a>, expected: &str, report: &mut Report) -> Option<&'a str> {
    match &at.node.kind {
        Kind::Text(text) => Some(text),
        Kind::Bool(_) | Kind::Integer(_) | Kind::Float(_) => {
            let message =
                format!("{expected} is expected here, but this is {}", at.node.kind.describe());
            let finding = Finding::new(Code::WrongType, at.place(), message);
            report.push(finding.help("if it is a text, put it in quotes"));
            None
        }
        _ => at.wrong_type(expected, report),
    }
}

/// `true` or `false`.
pub(super) fn boolean(at: &At<'_>, report: &mut Report) -> Option<bool> {
    match at.node.kind {
        Kind::Bool(value) => Some(value),
        _ => at.wrong_type("true or false", report),
    }
}

/// A name of one of the core's types; `parse` says what is wrong with it.
pub(super) fn name<T, E: Display>(
    at: &At<'_>,
    what: &str,
    parse: fn(&str) -> Result<T, E>,
    report: &mut Report,
) -> Option<Located<T>> {
    let text = text(at, &format!("the name of {what}"), report)?;
    parsed_name(text, at.place(), what, parse, report)
}

/// The same for the key of a map entry.
pub(super) fn key_name<T, E: Display>(
    key: &str,
    at: &At<'_>,
    what: &str,
    parse: fn(&str) -> Result<T, E>,
    report: &mut Report,
) -> Option<Located<T>> {
    parsed_name(key, at.key_place(), what, parse, report)
}

fn parsed_name<T, E: Display>(
    text: &str,
    place: Place,
    what: &str,
    parse: fn(&str) -> Result<T, E>,
    report: &mut Report,
) -> Option<Located<T>> {
    if wildcards::in_name(text, what, &place, report) {
        return None;
    }
    match parse(text) {
        Ok(value) => Some(Located { value, place }),
        Err(error) => {
            let message = format!("{} is not the name of {what}: it {error}", Quoted(text));
            report.refuse(Code::InvalidName, &place, message)
        }
    }
}

/// An `iss` or an audience: compared byte for byte, so white space could only be a mistake.
pub(super) fn identifier(at: &At<'_>, report: &mut Report) -> Option<Located<String>> {
    let text = text(at, "a text", report)?;
    let is_fine = (1..=IDENTIFIER_LIMIT).contains(&text.len())
        && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if !is_fine {
        let message = format!("{} is empty, too long, or has white space", Quoted(text));
        let finding = Finding::new(Code::InvalidText, at.place(), message);
        report.push(finding.help("it is compared with the token byte for byte"));
        return None;
    }
    Some(Located { value: text.to_owned(), place: at.place() })
}

/// A permission, without wildcard.
pub(super) fn permission(at: &At<'_>, report: &mut Report) -> Option<Located<PermissionName>> {
    match pattern(at, report)? {
        Located { value: Pattern::One(value), place } => Some(Located { value, place }),
        Located { value: Pattern::Resource(resource), place } => {
            let message = format!(
                "{} stands for many permissions; this needs one",
                Quoted(&format!("{resource}:*"))
            );
            report.refuse(Code::InvalidPermission, &place, message)
        }
    }
}

/// A permission or `resource:*`.
pub(super) fn pattern(at: &At<'_>, report: &mut Report) -> Option<Located<Pattern>> {
    let text = text(at, "a permission such as reports:read", report)?;
    if wildcards::in_permission(text, &at.place(), report) {
        return None;
    }
    let value = match text.strip_suffix(":*") {
        // With any action in its place, the rest must be a permission.
        Some(resource) => PermissionName::parse(&format!("{resource}:x"))
            .map(|_| Pattern::Resource(resource.to_owned())),
        None => PermissionName::parse(text).map(Pattern::One),
    };
    match value {
        Ok(value) => Some(Located { value, place: at.place() }),
        Err(error) => {
            let message = format!("{} is not a permission: it {error}", Quoted(text));
            let finding = Finding::new(Code::InvalidPermission, at.place(), message);
            report.push(finding.help("write resource:action, or resource:* for all of a resource"));
            None
        }
    }
}

/// One of a few words.
pub(super) fn word<T: Copy>(
    at: &At<'_>,
    words: &[(&'static str, T)],
    code: Code,
    report: &mut Report,
) -> Option<T> {
    let listed = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    let text = text(at, &format!("one of {listed}"), report)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*value);
    }
    let help = report.suggest(text, words.iter().map(|(word, _)| *word));
    let message = format!("{} is none of {listed}", Quoted(text));
    report.push(Finding::new(code, at.place(), message).maybe_help(help));
    None
}

/// A duration such as `30s`, `10m`, `1h` or `7d`, at most `limit`.
pub(super) fn duration(at: &At<'_>, limit: Duration, report: &mut Report) -> Option<Duration> {
    let text = text(at, "a duration such as 10m", report)?;
    let refuse = |message: String, report: &mut Report| {
        let finding = Finding::new(Code::InvalidDuration, at.place(), message);
        report.push(finding.help("write a whole number and a unit: 30s, 10m, 1h, 7d"));
        None
    };
    let Some(duration) = parse_duration(text) else {
        return refuse(format!("{} is not a duration", Quoted(text)), report);
    };
    if duration > limit {
        let message = format!("{text} is too long: at most {} seconds", limit.as_secs());
        return refuse(message, report);
    }
    Some(duration)
}

fn parse_duration(text: &str) -> Option<Duration> {
    let unit = match text.bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3_600,
        b'd' => 86_400,
        _ => return None,
    };
    let digits = text.get(..text.len() - 1)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(unit).map(Duration::from_secs)
}

/// The prefix of our headers.
pub(super) fn header_prefix(at: &At<'_>, report: &mut Report) -> Option<HeaderNames> {
    let text = text(at, "a header prefix such as x-", report)?;
    match HeaderNames::new(text) {
        Ok(names) => Some(names),
        Err(error) => {
            let message = format!("{} {error}", Quoted(text));
            report.refuse(Code::InvalidHeaderPrefix, &at.place(), message)
        }
    }
}

/// A list, each item read by `read`. Items that cannot be read are left out; the same one twice is
/// a finding.
pub(super) fn list<'a, T: Ord>(
    at: &At<'a>,
    read: impl Fn(&At<'a>, &mut Report) -> Option<Located<T>>,
    report: &mut Report,
) -> Option<Vec<Located<T>>> {
    let Kind::List(nodes) = &at.node.kind else {
        return at.wrong_type("a list", report);
    };
    let mut items: Vec<Located<T>> = at.items(nodes).filter_map(|at| read(&at, report)).collect();
    let place = |at: usize| items.get(at).map(|item| &item.place);
    let compare = |a: usize, b: usize| {
        let value = |at: usize| items.get(at).map(|item| &item.value);
        value(a).cmp(&value(b))
    };
    let is_first = first_ones(items.len(), &compare, &place, report);
    let mut is_first = is_first.into_iter();
    items.retain(|_| is_first.next() == Some(true));
    Some(items)
}

/// Whether each of the items is the first of its kind; reports those that are not. Knows nothing of
/// the items' type, so that the filter holds it once.
fn first_ones<'p>(
    count: usize,
    compare: &dyn Fn(usize, usize) -> Ordering,
    place: &dyn Fn(usize) -> Option<&'p Place>,
    report: &mut Report,
) -> Vec<bool> {
    let mut sorted: Vec<usize> = (0..count).collect();
    sorted.sort_by(|a, b| compare(*a, *b));
    let mut is_first = vec![true; count];
    for run in sorted.chunk_by(|a, b| compare(*a, *b).is_eq()) {
        let Some((first, others)) = run.split_first() else { continue };
        for other in others {
            let (Some(place), Some(earlier)) = (place(*other), place(*first)) else { continue };
            let message = "this is in the list a second time";
            let finding = Finding::new(Code::DuplicateItem, place.clone(), message);
            report.push(finding.help("remove one of the two").other(earlier.clone()));
            if let Some(is_first) = is_first.get_mut(*other) {
                *is_first = false;
            }
        }
    }
    is_first
}

/// Reports a list or map that has nothing in it.
pub(super) fn not_empty(at: &At<'_>, message: &str, help: &str, report: &mut Report) {
    let is_empty = match &at.node.kind {
        Kind::List(items) => items.is_empty(),
        Kind::Map(entries) => entries.is_empty(),
        _ => false,
    };
    if is_empty {
        report.push(Finding::new(Code::EmptyList, at.place(), message).help(help));
    }
}

/// `any`, or a list of names.
pub(super) fn any_or_list<T: Ord, E: Display>(
    at: &At<'_>,
    what: &str,
    parse: fn(&str) -> Result<T, E>,
    report: &mut Report,
) -> Option<Listed<T>> {
    match &at.node.kind {
        Kind::Text(text) if text == "any" => Some(Listed::Any),
        Kind::Text(text) if wildcards::in_name(text, what, &at.place(), report) => None,
        Kind::List(_) => {
            let read = |at: &At<'_>, report: &mut Report| name(at, what, parse, report);
            list(at, read, report).map(Listed::These)
        }
        _ => at.wrong_type("`any` or a list of names", report),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        for (text, secs) in [
            ("30s", Some(30)),
            ("10m", Some(600)),
            ("24h", Some(86_400)),
            ("7d", Some(604_800)),
            ("0s", Some(0)),
            ("", None),
            ("s", None),
            ("10", None),
            ("-1s", None),
            ("+1s", None),
            ("1.5h", None),
            ("1h30m", None),
            ("99999999999999999999s", None),
            ("18446744073709551615d", None),
            ("1é", None),
        ] {
            assert_eq!(parse_duration(text).map(|d| d.as_secs()), secs, "{text}");
        }
    }
}
