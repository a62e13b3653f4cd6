//! A policy as it lies on disk: one file, or a directory of them.
//!
//! Of a directory, every `.yaml`, `.yml` and `.json` file counts, in subdirectories too. What lies
//! beside a policy and is none is passed over: hidden files, key sets (`*.jwks.json`), development
//! keys (`*.key.json`) and tests (`*.test.yaml`).

use std::path::{Path, PathBuf};

use tenantguard_policy::place::{FileId, Lines, Place};
use tenantguard_policy::{Checked, FileError, Files, Format, Review, SourceFile};

use super::{is_stdin, read_text};
use crate::failure::Failure;

/// The most directories within each other.
const DEPTH_LIMIT: usize = 8;
/// The most bytes that the files of a directory may have together.
const SIZE_LIMIT: usize = 64 * 1024 * 1024;

/// The text of a policy and what a message calls it.
#[derive(Debug)]
pub(crate) struct PolicyText {
    path: PathBuf,
    /// Where the names of its files begin.
    root: PathBuf,
    files: Vec<PolicyFile>,
}

/// One file of it.
#[derive(Debug, Clone)]
pub(crate) struct PolicyFile {
    /// Its path within the policy's directory, with `/`.
    name: String,
    /// The same as it leads there from here.
    shown: String,
    pub(crate) text: String,
}

impl PolicyFile {
    /// What a message calls it.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// By the file's extension; without one, JSON begins with a brace.
    pub(crate) fn format(&self) -> Format {
        match Path::new(&self.name).extension().and_then(|extension| extension.to_str()) {
            Some("json") => Format::Json,
            Some("yaml" | "yml") => Format::Yaml,
            _ if self.text.trim_start().starts_with('{') => Format::Json,
            _ => Format::Yaml,
        }
    }

    /// It as the policy crate takes it.
    pub(crate) fn source(&self) -> SourceFile<'_> {
        SourceFile { name: &self.name, text: &self.text, format: self.format() }
    }
}

impl PolicyText {
    /// Reads a file, every policy file of a directory, or standard input for `-`.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        if !is_stdin(path) && path.is_dir() {
            return Self::read_directory(path);
        }
        let (name, shown) = match is_stdin(path) {
            true => ("policy".to_owned(), "(standard input)".to_owned()),
            false => {
                let name = path.file_name().unwrap_or_default();
                (name.to_string_lossy().into_owned(), path.display().to_string())
            }
        };
        let files = vec![PolicyFile { name, shown, text: read_text(path)? }];
        let root = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self { path: path.to_owned(), root, files })
    }

    /// The same policy with one more file, which lies nowhere: in JSON.
    pub(crate) fn and(mut self, shown: String, text: String) -> Self {
        // No file is called so: a name never begins with a parenthesis in a directory of policies.
        let name = format!("({shown}).json");
        self.files.push(PolicyFile { name, shown, text });
        self
    }

    /// One file of a policy, as a policy of its own.
    pub(crate) fn of_file(file: &PolicyFile) -> Self {
        Self { path: file.shown().into(), root: PathBuf::new(), files: vec![file.clone()] }
    }

    fn read_directory(path: &Path) -> Result<Self, Failure> {
        let mut names = Vec::new();
        list(path, "", DEPTH_LIMIT, is_policy_file, &mut names)?;
        // The order of the names is the order of the files, wherever the directory lies.
        names.sort();
        let mut files = Vec::with_capacity(names.len());
        let mut left = SIZE_LIMIT;
        for name in names {
            let file = path.join(&name);
            let text = read_text(&file)?;
            left = left.checked_sub(text.len()).ok_or_else(|| Failure::TooLarge {
                path: path.to_owned(),
                limit: u64::try_from(SIZE_LIMIT).unwrap_or(u64::MAX),
            })?;
            files.push(PolicyFile { name, shown: file.display().to_string(), text });
        }
        if files.is_empty() {
            return Err(Failure::NoPolicyFile { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned(), root: path.to_owned(), files })
    }

    /// The policy's name as it was given.
    pub(crate) fn name(&self) -> String {
        match is_stdin(&self.path) {
            true => "(standard input)".to_owned(),
            false => self.path.display().to_string(),
        }
    }

    /// Its files, in their order.
    pub(crate) fn files(&self) -> &[PolicyFile] {
        &self.files
    }

    /// The file with this id.
    pub(crate) fn file(&self, id: FileId) -> Option<&PolicyFile> {
        self.files.get(usize::try_from(id.0).ok()?)
    }

    /// The file and the line that a place is in, if it is in the text at all.
    pub(crate) fn line(&self, place: &Place) -> Option<(&str, usize)> {
        let span = place.span?;
        let file = self.file(span.file)?;
        let (line, _) = Lines::of(&file.text).position(span);
        Some((file.shown(), line))
    }

    /// Checks it as [`Self::check`] does, and warns of what looks wrong.
    pub(crate) fn review(&self) -> Review {
        let sources: Vec<_> = self.files.iter().map(PolicyFile::source).collect();
        tenantguard_policy::review(&sources, &Beside(&self.root))
    }

    /// Checks it, with the files that it names read from beside it.
    pub(crate) fn check(self) -> Result<(Self, Checked), Failure> {
        let sources: Vec<_> = self.files.iter().map(PolicyFile::source).collect();
        match tenantguard_policy::check_all(&sources, &Beside(&self.root)) {
            Ok(checked) => Ok((self, checked)),
            Err(findings) => Err(Failure::Policy { text: Box::new(self), findings }),
        }
    }
}

/// The files of tests in a directory and its subdirectories, in the order of their names.
pub(crate) fn test_files(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut names = Vec::new();
    list(directory, "", DEPTH_LIMIT, is_test_file, &mut names)?;
    names.sort();
    match names.is_empty() {
        true => Err(Failure::NoTestFile { path: directory.to_owned() }),
        false => Ok(names.into_iter().map(|name| directory.join(name)).collect()),
    }
}

/// Collects the names of the files below `root/under` that are wanted.
fn list(
    root: &Path,
    under: &str,
    depth: usize,
    is_wanted: fn(&str) -> bool,
    names: &mut Vec<String>,
) -> Result<(), Failure> {
    let directory = root.join(under);
    let failed = |source| Failure::Read { path: directory.clone(), source };
    for entry in std::fs::read_dir(&directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let own = entry.file_name().to_string_lossy().into_owned();
        if own.starts_with('.') {
            continue;
        }
        let name = if under.is_empty() { own } else { format!("{under}/{own}") };
        let is_directory = std::fs::metadata(entry.path()).map_err(failed)?.is_dir();
        if !is_directory && is_wanted(&name) {
            names.push(name);
        } else if is_directory && depth > 0 {
            list(root, &name, depth - 1, is_wanted, names)?;
        }
    }
    Ok(())
}

fn is_test_file(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        stem.ends_with(".test") && matches!(extension, "yaml" | "yml" | "json")
    })
}

fn is_policy_file(name: &str) -> bool {
    let Some((stem, "yaml" | "yml" | "json")) = name.rsplit_once('.') else { return false };
    !(stem.ends_with(".test") || name.ends_with(".jwks.json") || name.ends_with(".key.json"))
}

/// The directory of a policy.
struct Beside<'p>(&'p Path);

impl Files for Beside<'_> {
    fn read(&self, name: &str) -> Result<String, FileError> {
        let path = self.0.join(name);
        // A policy that was piped in must not take its keys from the same pipe.
        if is_stdin(&path) {
            return Err(FileError::new("`-` is not a file name"));
        }
        read_text(&path).map_err(|failure| match failure {
            Failure::Read { source, .. } => FileError::new(source.to_string()),
            other => FileError::new(other.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{is_policy_file, is_test_file};

    #[test]
    fn what_lies_beside_a_policy_and_is_none_is_passed_over() {
        for (name, is_policy) in [
            ("a.yaml", true),
            ("tenants/acme.yml", true),
            ("a.b.json", true),
            ("platform.jwks.json", false),
            ("dev.key.json", false),
            ("a.test.yaml", false),
            ("README.md", false),
            ("yaml", false),
        ] {
            assert_eq!(is_policy_file(name), is_policy, "{name}");
            assert_eq!(is_test_file(name), name.contains(".test."), "{name}");
        }
    }
}
