//! Reading what the arguments name: files, standard input, a policy with the key files beside it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use tenantguard_policy::{Checked, FileError, Files, Format};

use crate::failure::Failure;

/// The largest file that is read; the policy crate has a lower limit of its own.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

/// Whether the path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The text of a file, or of standard input for `-`.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    let failed = |source| Failure::Read { path: path.to_owned(), source };
    let mut input: Box<dyn Read> = match is_stdin(path) {
        true => Box::new(std::io::stdin().lock()),
        false => Box::new(File::open(path).map_err(failed)?),
    };
    let mut bytes = Vec::new();
    input.by_ref().take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > SIZE_LIMIT) {
        return Err(Failure::TooLarge { path: path.to_owned(), limit: SIZE_LIMIT });
    }
    String::from_utf8(bytes).map_err(|error| Failure::NotUtf8 {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })
}

/// The text of a policy and what a message calls it.
#[derive(Debug)]
pub(crate) struct PolicyText {
    path: PathBuf,
    pub(crate) text: String,
}

impl PolicyText {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        Ok(Self { path: path.to_owned(), text: read_text(path)? })
    }

    /// The file's name as it was given.
    pub(crate) fn name(&self) -> String {
        match is_stdin(&self.path) {
            true => "(standard input)".to_owned(),
            false => self.path.display().to_string(),
        }
    }

    /// By the file's extension; without one, JSON begins with a brace.
    fn format(&self) -> Format {
        let extension = self.path.extension().and_then(|extension| extension.to_str());
        match extension {
            Some("json") => Format::Json,
            Some("yaml" | "yml") => Format::Yaml,
            _ if self.text.trim_start().starts_with('{') => Format::Json,
            _ => Format::Yaml,
        }
    }

    /// Checks it, with the files that it names read from beside it.
    pub(crate) fn check(self) -> Result<(Self, Checked), Failure> {
        let beside = Beside(self.path.parent().map(Path::to_owned).unwrap_or_default());
        match tenantguard_policy::check(&self.text, self.format(), &beside) {
            Ok(checked) => Ok((self, checked)),
            Err(findings) => Err(Failure::Policy { text: Box::new(self), findings }),
        }
    }
}

/// The directory of a policy.
struct Beside(PathBuf);

impl Files for Beside {
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
