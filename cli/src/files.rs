//! Reading what the arguments name: files, standard input, a policy of one file or of a directory,
//! with the key files beside it.

mod policy;

use std::fs::File;
use std::io::Read;
use std::path::Path;

pub(crate) use self::policy::{PolicyFile, PolicyText, test_files};
use crate::failure::Failure;

/// The largest file that is read; the policy crate has a lower limit of its own.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

/// Whether the path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The text of a file, or of standard input for `-`.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read_bytes(path)?).map_err(|error| Failure::NotUtf8 {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })
}

/// The bytes of a file, or of standard input for `-`.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
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
    Ok(bytes)
}
