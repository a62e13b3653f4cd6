//! Processes that end with the test, also when the test is killed.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A shell that waits for the end of its input, which is when this process ends, however it ends,
/// and then kills the other process and removes its directory.
pub(crate) fn watch(pid: u32, directory: &Path) -> std::io::Result<Child> {
    let script = "trap '' INT TERM HUP; read _; kill -9 \"$1\" 2>/dev/null; rm -rf -- \"$2\"";
    Command::new("sh")
        .args(["-c", script, "watch", &pid.to_string()])
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
