//! From text to one tree with all key material in it, and the tree's canonical form: JSON with
//! sorted keys and without white space, the same for YAML and JSON of the same policy.

use std::collections::BTreeMap;

use crate::finding::{Code, Finding};
use crate::place::{FileId, Path, Place, Quoted};
use crate::report::Report;
use crate::tree::{Kind, Node};
use crate::{Format, SourceFile, json, merge};

/// The longest policy that is read, in bytes.
const TEXT_LIMIT: usize = 32 * 1024 * 1024;

/// Where the files come from that a policy names. The policy crate does no I/O.
pub trait Files {
    /// The content of the file that the policy calls `name`.
    ///
    /// # Errors
    /// [`FileError`] says why it cannot be read.
    fn read(&self, name: &str) -> Result<String, FileError>;
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct FileError {
    reason: String,
}

impl FileError {
    /// An error with this reason, such as `there is no such file`.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// No files at all: keys must be inline.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<String, FileError> {
        Err(FileError::new(
            "files cannot be read here; give the keys inline, as `jwks: {keys: [...]}`",
        ))
    }
}

/// Files held in memory, by name.
impl Files for BTreeMap<String, String> {
    fn read(&self, name: &str) -> Result<String, FileError> {
        self.get(name).cloned().ok_or_else(|| FileError::new("there is no such file"))
    }
}

/// Parses the texts, puts the content of every `jwks_file` in its place, and joins them.
pub(crate) fn tree(
    sources: &[SourceFile<'_>],
    files: &dyn Files,
    report: &mut Report,
) -> Option<Node> {
    let length: usize = sources.iter().map(|source| source.text.len()).sum();
    if length > TEXT_LIMIT {
        let message = format!("the policy is longer than {TEXT_LIMIT} bytes");
        return report.refuse(Code::TooLarge, &Place::default(), message);
    }
    let mut trees = Vec::with_capacity(sources.len());
    for (source, id) in sources.iter().zip((0..).map(FileId)) {
        let Some(mut root) = parse(source, id, report) else { continue };
        inline_key_files(&mut root, &Beside { source, files }, report);
        trees.push(root);
    }
    // A file that is no JSON or YAML at all would leave holes that only mislead.
    match trees.len() == sources.len() {
        true => merge::trees(trees, report),
        false => None,
    }
}

pub(crate) fn parse(source: &SourceFile<'_>, id: FileId, report: &mut Report) -> Option<Node> {
    match source.format {
        Format::Json => json::parse(source.text, id, report),
        #[cfg(feature = "yaml")]
        Format::Yaml => crate::yaml::parse(source.text, id, report),
    }
}

/// Files as one file of the policy names them: from its own directory.
struct Beside<'s> {
    source: &'s SourceFile<'s>,
    files: &'s dyn Files,
}

impl Files for Beside<'_> {
    fn read(&self, name: &str) -> Result<String, FileError> {
        match self.source.name.rsplit_once('/') {
            Some((directory, _)) if !name.starts_with('/') => {
                self.files.read(&format!("{directory}/{name}"))
            }
            _ => self.files.read(name),
        }
    }
}

/// The tree as one line of JSON: what the digest is of, and what the filter takes. Lists whose order
/// means nothing are sorted, so that a policy can be split up, or put together, and stays the same.
pub(crate) fn canonical(root: &Node) -> String {
    let mut json = root.to_json();
    for name in merge::LISTS {
        if let Some(serde_json::Value::Array(items)) = json.get_mut(name) {
            items.sort_by_cached_key(serde_json::Value::to_string);
        }
    }
    json.to_string()
}

fn inline_key_files(root: &mut Node, files: &dyn Files, report: &mut Report) {
    let Kind::Map(top) = &mut root.kind else { return };
    let Some(issuers) = top.iter_mut().find(|e| e.key == "issuers") else { return };
    let Kind::Map(issuers) = &mut issuers.value.kind else { return };
    for issuer in issuers {
        let Kind::Map(fields) = &mut issuer.value.kind else { continue };
        let Some(keys) = fields.iter_mut().find(|e| e.key == "keys") else { continue };
        let path = Path::root().key("issuers").key(&issuer.key).key("keys");
        inline_key_file(&mut keys.value, &path, files, report);
    }
}

fn inline_key_file(keys: &mut Node, path: &Path, files: &dyn Files, report: &mut Report) {
    // Both at once is the reader's to refuse.
    if keys.get("jwks").is_some() {
        return;
    }
    let Kind::Map(entries) = &mut keys.kind else { return };
    let Some(entry) = entries.iter_mut().find(|e| e.key == "jwks_file") else { return };
    let Kind::Text(name) = &entry.value.kind else { return };
    let place = Place { path: path.key("jwks_file"), span: entry.value.span };
    match key_file(name, &place, files, report) {
        Some(mut set) => {
            set.place_at(place.span);
            "jwks".clone_into(&mut entry.key);
            entry.value = set;
        }
        None => entry.value.kind = Kind::Refused,
    }
}

/// Reads and parses one file; what is wrong in it is reported where the policy names it.
fn key_file(name: &str, place: &Place, files: &dyn Files, report: &mut Report) -> Option<Node> {
    let refuse = |message: String, report: &mut Report| {
        report.push(Finding::new(Code::KeysUnreadable, place.clone(), message));
    };
    let text = match files.read(name) {
        Ok(text) => text,
        Err(error) => {
            refuse(format!("{} cannot be read: {error}", Quoted(name)), report);
            return None;
        }
    };
    let mut inner = Report::new();
    let set = json::parse(&text, FileId(0), &mut inner);
    if inner.is_empty() {
        return set;
    }
    for finding in inner.into_findings() {
        refuse(format!("in {}: {}", Quoted(name), finding.message), report);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, files: &[(&str, &str)]) -> (Option<String>, Vec<(Code, String)>) {
        let mut report = Report::new();
        let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        let files: BTreeMap<_, _> = files.iter().map(own).collect();
        let source = SourceFile { name: "policy.json", text, format: Format::Json };
        let root = tree(&[source], &files, &mut report);
        let found = report.into_findings().iter().map(|f| (f.code, f.path())).collect();
        (root.map(|root| canonical(&root)), found)
    }

    #[test]
    fn the_canonical_form_has_sorted_keys_and_the_keys_inline() {
        let text = r#"{"z": 1.0, "issuers": {"a": {"keys": {"jwks_file": "a.json"}}}, "b": [{"y": 1, "x": 2}]}"#;
        let (canonical, found) = load(text, &[("a.json", r#"{ "keys" : [ {"y": 1, "k": 2} ] }"#)]);
        assert_eq!(found, []);
        let expected = r#"{"b":[{"x":2,"y":1}],"issuers":{"a":{"keys":{"jwks":{"keys":[{"k":2,"y":1}]}}}},"z":1}"#;
        assert_eq!(canonical.as_deref(), Some(expected));
    }

    #[test]
    fn a_key_file_that_is_missing_or_broken_is_reported_where_it_is_named() {
        let text = r#"{"issuers": {"a": {"keys": {"jwks_file": "a.json"}}}}"#;
        for files in [&[][..], &[("a.json", "{")], &[("a.json", r#"{"keys": 1, "keys": 2}"#)]] {
            let expected = (Code::KeysUnreadable, "issuers.a.keys.jwks_file".to_owned());
            assert_eq!(load(text, files).1, [expected], "{files:?}");
        }
    }
}
