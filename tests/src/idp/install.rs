//! The provider's source and its packages, put together under `target/idp`: nothing is installed
//! into the repository. Each version of the source has a place of its own there.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io as std_io};

use super::{IdpError, io};
use crate::envoy::{repository, target_directory};

/// What is installed, by its path below `tests/idp`.
type Sources = Vec<(PathBuf, Vec<u8>)>;

/// The directory of the installed provider; installs it when it is not there yet.
pub(super) fn installed() -> Result<PathBuf, IdpError> {
    if !answers("node") {
        return Err(IdpError::NoNode);
    }
    let sources = sources(&repository().join("tests/idp")).map_err(io("read tests/idp"))?;
    let mut hasher = DefaultHasher::new();
    sources.hash(&mut hasher);
    let parent = target_directory().join("idp");
    let home = parent.join(format!("{:016x}", hasher.finish()));
    if home.is_dir() {
        return Ok(home);
    }
    fs::create_dir_all(&parent).map_err(io("make target/idp"))?;
    let partial = tempfile::Builder::new().prefix("partial-").tempdir_in(&parent);
    let partial = partial.map_err(io("make a directory in target/idp"))?;
    install(&sources, partial.path())?;
    // A broken-off installation never stands at the final place. When another process was first,
    // its installation is as good.
    match fs::rename(partial.path(), &home) {
        Err(_) if home.is_dir() => {}
        renamed => renamed.map_err(io("move the installation to its place"))?,
    }
    // What is left to remove is elsewhere now.
    let _ = partial.keep();
    Ok(home)
}

fn answers(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn sources(root: &Path) -> std_io::Result<Sources> {
    let mut paths: Vec<PathBuf> =
        ["package.json", "package-lock.json", ".npmrc"].map(PathBuf::from).into();
    for entry in fs::read_dir(root.join("src"))? {
        paths.push(Path::new("src").join(entry?.file_name()));
    }
    paths.sort();
    let read = |path: PathBuf| fs::read(root.join(&path)).map(|content| (path, content));
    paths.into_iter().map(read).collect()
}

fn install(sources: &Sources, to: &Path) -> Result<(), IdpError> {
    fs::create_dir(to.join("src")).map_err(io("make a directory in target/idp"))?;
    for (path, content) in sources {
        fs::write(to.join(path), content).map_err(io("write to target/idp"))?;
    }
    eprintln!("installing the identity provider into target/idp");
    let output = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(to)
        .output()
        .map_err(|cause| IdpError::Install(format!("npm: {cause}")))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(IdpError::Install(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}
