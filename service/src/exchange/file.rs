//! The file that keys are kept in: for its owner alone, and replaced as a whole, so that it is never
//! half written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::key::{KeyError, SigningAlgorithm, SigningKey};

/// Others may neither read nor write it.
const OTHERS: u32 = 0o077;

/// Why keys cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error(
        "{}: others than its owner may read or write the keys: `chmod 600` it, or remove it, and \
         new ones are made", .path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// It is no file of keys. What is in it is not shown.
    #[error("{}: it is no file of keys that this service has written", .path.display())]
    Shape {
        /// The file.
        path: PathBuf,
    },
    /// A key in it, or one that was to be made.
    #[error("{}: {source}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
}

/// A key, and when it begins to sign.
#[derive(Debug)]
pub(super) struct Dated {
    pub(super) key: SigningKey,
    pub(super) signs_from: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    keys: Vec<Kept>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    algorithm: SigningAlgorithm,
    /// In seconds since the epoch.
    signs_from: u64,
    pkcs8: String,
}

/// What is in the file; nothing if there is none.
pub(super) fn read(path: &Path) -> Result<Vec<Dated>, KeyFileError> {
    let failed = |source| KeyFileError::File { path: path.to_owned(), source };
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    if metadata.permissions().mode() & OTHERS != 0 {
        return Err(KeyFileError::Open { path: path.to_owned() });
    }
    let shape = || KeyFileError::Shape { path: path.to_owned() };
    let bytes = fs::read(path).map_err(failed)?;
    let content: Content = serde_json::from_slice(&bytes).map_err(|_| shape())?;
    let read = |kept: Kept| {
        let pkcs8 = STANDARD.decode(kept.pkcs8).map_err(|_| shape())?;
        let key = SigningKey::from_pkcs8(kept.algorithm, &pkcs8)
            .map_err(|source| KeyFileError::Key { path: path.to_owned(), source })?;
        Ok(Dated { key, signs_from: kept.signs_from })
    };
    let mut keys: Vec<Dated> = content.keys.into_iter().map(read).collect::<Result<_, _>>()?;
    keys.sort_by_key(|dated| dated.signs_from);
    Ok(keys)
}

/// Puts the keys in the place of what is in the file.
pub(super) fn write<'k>(
    path: &Path,
    keys: impl Iterator<Item = &'k Dated>,
) -> Result<(), KeyFileError> {
    let keep = |dated: &Dated| Kept {
        algorithm: dated.key.algorithm(),
        signs_from: dated.signs_from,
        pkcs8: STANDARD.encode(dated.key.pkcs8()),
    };
    let content = Content { keys: keys.map(keep).collect() };
    let bytes = serde_json::to_vec_pretty(&content).unwrap_or_default();
    replace(path, &bytes).map_err(|source| KeyFileError::File { path: path.to_owned(), source })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated(algorithm: SigningAlgorithm, signs_from: u64) -> Dated {
        Dated { key: SigningKey::generate(algorithm).unwrap(), signs_from }
    }

    #[test]
    fn keys_are_kept_for_their_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.json");
        assert!(read(&path).unwrap().is_empty());
        let keys = [dated(SigningAlgorithm::EdDsa, 2), dated(SigningAlgorithm::Es256, 1)];
        for _ in 0..2 {
            write(&path, keys.iter()).unwrap();
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let found = read(&path).unwrap();
        let found: Vec<_> = found.iter().map(|it| (it.signs_from, it.key.kid())).collect();
        assert_eq!(found, [(1, keys[1].key.kid()), (2, keys[0].key.kid())]);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read(&path), Err(KeyFileError::Open { .. })));
    }

    #[test]
    fn what_is_no_file_of_keys_is_refused_and_not_shown() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.json");
        write(&path, std::iter::empty()).unwrap();
        for text in [
            "",
            "{}",
            "secret",
            r#"{"keys":[{"algorithm":"ES256","signs_from":1,"pkcs8":"secret!"}]}"#,
        ] {
            fs::write(&path, text).unwrap();
            let told = read(&path).unwrap_err().to_string();
            assert!(told.contains("keys.json") && !told.contains("secret"), "{told}");
        }
        fs::write(&path, r#"{"keys":[{"algorithm":"ES256","signs_from":1,"pkcs8":"AAAA"}]}"#)
            .unwrap();
        assert!(matches!(read(&path), Err(KeyFileError::Key { .. })));
    }
}
