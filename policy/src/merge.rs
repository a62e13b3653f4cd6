//! Several files as one policy: sections are united, lists joined in the order of the files, and
//! what one policy can say only once stands in one file only.

use std::collections::HashMap;

use crate::finding::{Code, Finding};
use crate::place::{Path, Place, Quoted, Span};
use crate::report::Report;
use crate::tree::{Entry, Kind, Node};

/// What every file may say, as long as all say the same.
const REPEATED: &str = "version";
/// Maps whose entries may come from several files.
const SECTIONS: [&str; 5] = ["issuers", "tenants", "roles", "scopes", "delegations"];
/// Lists whose items may. Their order means nothing.
pub(crate) const LISTS: [&str; 3] = ["audiences", "overrides", "routes"];

/// Joins the trees of the files. One tree is left as it is.
pub(crate) fn trees(trees: Vec<Node>, report: &mut Report) -> Option<Node> {
    let mut trees = trees.into_iter();
    let first = trees.next()?;
    if trees.len() == 0 {
        return Some(first);
    }
    let mut merged = Merged::default();
    for tree in std::iter::once(first).chain(trees) {
        match tree.kind {
            Kind::Map(entries) => {
                for entry in entries {
                    merged.add(entry, report);
                }
            }
            // A file of comments alone.
            Kind::Null | Kind::Refused => {}
            other => {
                let place = Place { path: Path::root(), span: tree.span };
                let message = format!(
                    "a part of a policy (a map) is expected here, but this is {}",
                    other.describe()
                );
                report.push(Finding::new(Code::WrongType, place, message));
            }
        }
    }
    Some(Node { span: None, kind: Kind::Map(merged.entries) })
}

/// The top level so far. Positions are kept by key, so that ten thousand files join in one pass.
#[derive(Default)]
struct Merged {
    entries: Vec<Entry>,
    positions: HashMap<String, usize>,
    /// For each section that came in parts, the positions of its keys.
    sections: HashMap<String, HashMap<String, usize>>,
}

impl Merged {
    fn add(&mut self, entry: Entry, report: &mut Report) {
        let earlier = self.positions.get(&entry.key).and_then(|at| self.entries.get_mut(*at));
        let Some(earlier) = earlier else {
            self.positions.insert(entry.key.clone(), self.entries.len());
            self.entries.push(entry);
            return;
        };
        let path = Path::root().key(&entry.key);
        match (&mut earlier.value.kind, entry.value.kind) {
            (Kind::Map(into), Kind::Map(from)) if SECTIONS.contains(&entry.key.as_str()) => {
                let keys = self.sections.entry(entry.key).or_insert_with(|| positions(into));
                unite(into, keys, from, &path, report);
            }
            (Kind::List(into), Kind::List(from)) if LISTS.contains(&entry.key.as_str()) => {
                into.extend(from);
            }
            (Kind::Integer(one), Kind::Integer(other))
                if entry.key == REPEATED && *one == other => {}
            (_, Kind::Refused) | (Kind::Refused, _) => {}
            (one, other) if one.describe() != other.describe() => {
                let place = Place { path, span: entry.key_span };
                let message = format!(
                    "this is {} here, and {} in another file",
                    other.describe(),
                    one.describe()
                );
                let there = Place { path: place.path.clone(), span: earlier.key_span };
                report.push(Finding::new(Code::WrongType, place, message).other(there));
            }
            _ => report.push(twice(&entry.key, path, entry.key_span, earlier.key_span)),
        }
    }
}

fn positions(entries: &[Entry]) -> HashMap<String, usize> {
    entries.iter().map(|entry| entry.key.clone()).zip(0..).collect()
}

/// Adds the entries of a section; the first of two with one key stays.
fn unite(
    into: &mut Vec<Entry>,
    keys: &mut HashMap<String, usize>,
    from: Vec<Entry>,
    path: &Path,
    report: &mut Report,
) {
    for entry in from {
        match keys.get(&entry.key).and_then(|at| into.get(*at)) {
            Some(earlier) => {
                let path = path.key(&entry.key);
                report.push(twice(&entry.key, path, entry.key_span, earlier.key_span));
            }
            None => {
                keys.insert(entry.key.clone(), into.len());
                into.push(entry);
            }
        }
    }
}

fn twice(key: &str, path: Path, here: Option<Span>, there: Option<Span>) -> Finding {
    let other = Place { path: path.clone(), span: there };
    let message = format!("{} is said in two files", Quoted(key));
    Finding::new(Code::DuplicateKey, Place { path, span: here }, message)
        .help("keep it in one of them")
        .other(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::place::FileId;

    type Found = (Code, String, u32, Option<u32>);

    fn merge(texts: &[&str]) -> (String, Vec<Found>) {
        let mut report = Report::new();
        let parsed =
            texts.iter().zip(0..).filter_map(|(t, n)| json::parse(t, FileId(n), &mut report));
        let parsed: Vec<Node> = parsed.collect();
        let tree = trees(parsed, &mut report).unwrap();
        let found = |f: &Finding| {
            let other = f.other.as_ref().map(|other| other.file().0);
            (f.code, f.path(), f.place.file().0, other)
        };
        (tree.to_json().to_string(), report.into_findings().iter().map(found).collect())
    }

    #[test]
    fn sections_are_united_and_lists_joined() {
        let (json, found) = merge(&[
            r#"{"version": 1, "tenants": {"a": 1}, "routes": [1, 2], "limits": {"headers": 5}}"#,
            r#"{"version": 1, "tenants": {"c": 3}, "roles": {"x": 1}}"#,
            r#"{"tenants": {"b": 2}, "routes": [3]}"#,
        ]);
        assert_eq!(found, []);
        let expected = r#"{"limits":{"headers":5},"roles":{"x":1},"routes":[1,2,3],"tenants":{"a":1,"b":2,"c":3},"version":1}"#;
        assert_eq!(json, expected);
    }

    #[test]
    fn what_is_said_in_two_files_is_shown_in_both() {
        let duplicate =
            |path: &str, file, other| (Code::DuplicateKey, path.to_owned(), file, Some(other));
        for (texts, expected) in [
            (
                [
                    r#"{"tenants": {"a": 1}}"#,
                    r#"{"tenants": {"b": 1}}"#,
                    r#"{"tenants": {"b": 1}}"#,
                ],
                duplicate("tenants.b", 2, 1),
            ),
            (
                [r#"{"tenants": {"a": 1}}"#, "{}", r#"{"tenants": {"a": 1}}"#],
                duplicate("tenants.a", 2, 0),
            ),
            (["{}", r#"{"limits": {}}"#, r#"{"limits": {}}"#], duplicate("limits", 2, 1)),
            (["{}", r#"{"version": 1}"#, r#"{"version": 2}"#], duplicate("version", 2, 1)),
            (
                [r#"{"routes": []}"#, r#"{"routes": {}}"#, "null"],
                (Code::WrongType, "routes".to_owned(), 1, Some(0)),
            ),
            (["{}", "{}", "[]"], (Code::WrongType, String::new(), 2, None)),
        ] {
            assert_eq!(merge(&texts).1, [expected], "{texts:?}");
        }
    }
}
