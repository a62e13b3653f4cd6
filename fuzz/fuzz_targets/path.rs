//! Any bytes as `:path`: refused, or in a normal form that is its own normal form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenantguard::path::NormalPath;

fuzz_target!(|raw: &[u8]| {
    let Ok(path) = NormalPath::parse(raw) else { return };
    let segments: Vec<&str> = path.segments().collect();
    assert!(segments.iter().all(|segment| !matches!(*segment, "." | "..")));
    assert!(segments.iter().rev().skip(1).all(|segment| !segment.is_empty()));
    if let Some(rewritten) = path.rewritten() {
        let again = NormalPath::parse(&rewritten).expect("a normal path is a path");
        assert_eq!(again.as_str(), path.as_str());
        assert_eq!(again.rewritten(), None);
    }
});
