//! Any text as a policy in YAML: refused, or its canonical JSON is a policy with the same digest.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenantguard_policy::{Format, NoFiles, check};

fuzz_target!(|text: &str| {
    if let Ok(checked) = check(text, Format::Yaml, &NoFiles) {
        let json = check(checked.canonical_json(), Format::Json, &NoFiles);
        let json = json.expect("the canonical form of a good policy is good");
        assert_eq!(json.digest(), checked.digest());
        checked.compile().expect("a policy without findings compiles");
    }
});
