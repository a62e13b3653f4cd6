//! Any text as a policy in JSON: refused, or it means the same in its canonical form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenantguard_policy::{Format, NoFiles, check};

fuzz_target!(|text: &str| {
    if let Ok(checked) = check(text, Format::Json, &NoFiles) {
        let canonical = checked.canonical_json().to_owned();
        let again = check(&canonical, Format::Json, &NoFiles);
        let again = again.expect("the canonical form of a good policy is good");
        assert_eq!(again.canonical_json(), canonical);
        checked.compile().expect("a policy without findings compiles");
    }
});
