//! Bounded work: 100 kB of anything costs no more than a small multiple of an ordinary token.

use std::io::Write as _;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tenantguard::gate::Gate;
use tenantguard_mint::Algorithm;

use crate::world::{self, PERMITTED, ask};

const SIZE: usize = 100_000;
/// The limit on a token's text; a part of this size is still read.
const TOKEN: usize = 16_000;
/// Far more than is measured (about 10 where the core is not optimized and its arithmetic is), and
/// far less than work that grows with the square of 100 kB takes.
const MULTIPLE: u32 = 100;

/// The shortest of a few runs: what the work takes when nothing else disturbs it.
fn time(mut work: impl FnMut()) -> Duration {
    let timed = (0..11).map(|_| {
        let begin = Instant::now();
        work();
        begin.elapsed()
    });
    timed.min().unwrap_or_default()
}

/// A token with this header and these claims that nobody has signed.
fn unsigned(header: &str, claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(header), part(claims), part(&"s".repeat(64)))
}

fn members(count: usize, value: &str) -> String {
    let members: Vec<String> = (0..count).map(|i| format!("\"k{i}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// What 100 kB of a kind look like after `Bearer `, and what fills the longest token that is read.
fn hostile() -> Vec<(&'static str, String)> {
    let header = r#"{"alg":"ES256","kid":"ES256"}"#;
    let iss = format!("\"iss\":\"{}\"", world::PLATFORM);
    let room = TOKEN / 4 * 3 - 200;
    let nested = |depth| format!("{{{iss},\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let wide = |count: usize| members(count, &format!("\"{}\"", "v".repeat(room / count - 12)));
    let objects = format!("{{{iss},\"a\":[{}]}}", vec!["{\"a\":[{}]}"; room / 12].join(","));
    let escapes = format!("{{{iss},\"a\":\"{}\"}}", "\\u0041".repeat(room / 6));
    let digits = format!("{{{iss},\"a\":{}}}", "9".repeat(room));
    vec![
        ("letters", "a".repeat(SIZE)),
        ("dots", ".".repeat(SIZE)),
        ("padding", "=".repeat(SIZE)),
        ("spaces", " ".repeat(SIZE)),
        ("commas", ",".repeat(SIZE)),
        ("three long parts", ["e30"; 3].map(|part| part.repeat(SIZE / 9)).join(".")),
        ("levels", unsigned(header, &nested(SIZE * 3 / 8))),
        ("levels within a token's limit", unsigned(header, &nested(room / 2))),
        ("members", unsigned(header, &members(room / 12, "0"))),
        ("as many members as are read", unsigned(header, &wide(500))),
        ("long keys that differ at their end", unsigned(header, &wide(64))),
        ("header members", unsigned(&members(room / 12, "0"), "{}")),
        ("small objects", unsigned(header, &objects)),
        ("escapes", unsigned(header, &escapes)),
        ("digits", unsigned(header, &digits)),
        (
            "a long kid",
            unsigned(&format!("{{\"alg\":\"ES256\",\"kid\":\"{}\"}}", "k".repeat(room)), "{}"),
        ),
        (
            "a long signature",
            format!(
                "{}.{}.{}",
                URL_SAFE_NO_PAD.encode(header),
                URL_SAFE_NO_PAD.encode(format!("{{{iss}}}")),
                "A".repeat(TOKEN)
            ),
        ),
    ]
}

fn refusal_time(gate: &Gate, name: &str, text: &str) -> Duration {
    let authorization = format!("Bearer {text}");
    time(|| assert!(!ask(gate, authorization.as_bytes()).is_permitted, "{name}"))
}

#[test]
fn a_hundred_kilobytes_of_anything_cost_little_more_than_a_token() {
    let key = world::platform_key(Algorithm::Es256);
    let token = format!("Bearer {}", world::good_token(key).sign(key));
    let cold = time(|| assert_eq!(ask(&world::gate(), token.as_bytes()), PERMITTED));
    let gate = world::gate();
    let mut lines = format!("an ordinary token, not known yet: {cold:?}\n");
    let mut too_slow = Vec::new();
    for (name, text) in hostile() {
        let taken = refusal_time(&gate, name, &text);
        lines += &format!("  {taken:>12?}  {} bytes: {name}\n", text.len());
        if taken > cold * MULTIPLE {
            too_slow.push(name);
        }
    }
    let _ = std::io::stderr().write_all(lines.as_bytes());
    assert!(too_slow.is_empty(), "more than {MULTIPLE} times an ordinary token: {too_slow:?}");
}

#[test]
fn many_headers_and_long_paths_cost_little_more_than_a_token() {
    let key = world::platform_key(Algorithm::Es256);
    let token = format!("Bearer {}", world::good_token(key).sign(key));
    let cold = time(|| assert_eq!(ask(&world::gate(), token.as_bytes()), PERMITTED));
    let gate = world::gate();
    let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let method = header(":method", "GET");
    let own: Vec<_> = (0..5_000).map(|i| header(&format!("X_Tenant-id{i}"), "x")).collect();
    let many = vec![header("authorization", &token); 200];
    for (name, path, more) in [
        ("a path of slashes", "/".repeat(SIZE), vec![]),
        ("a path of dots", "/..".repeat(SIZE / 3), vec![]),
        ("a path of escapes", "/%2e".repeat(SIZE / 4), vec![]),
        ("a path of segments", "/api".repeat(SIZE / 4), vec![]),
        ("many headers", world::REPORT.to_owned(), own),
        ("many credentials", world::REPORT.to_owned(), many),
    ] {
        let headers = [vec![method.clone(), header(":path", &path)], more].concat();
        let taken = time(|| assert!(!world::decide(&gate, &headers, world::NOW).is_permitted));
        assert!(taken < cold * MULTIPLE, "{name}: {taken:?}, an ordinary token {cold:?}");
    }
}
