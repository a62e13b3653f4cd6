//! The filter and a real OpenID provider: its tokens, its keys fetched through Envoy, and what
//! happens when those change, are slow, or are not to be had. One provider serves all tests, each
//! with issuers of its own there and an Envoy of its own.

mod down;
mod fetches;
mod first;
mod rotation;
mod tokens;
mod world;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use tenantguard_e2e::idp::IdentityProvider;

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = Arguments::from_args();
    // Each has an Envoy of its own, which takes a core for a second or two when it starts.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let provider = match arguments.list {
        true => None,
        false => IdentityProvider::start_or_skip("the tests with an identity provider")?,
    };
    let provider = Arc::new(provider);
    let trials = TESTS.iter().map(|(name, test)| {
        let provider = Arc::clone(&provider);
        let is_skipped = provider.is_none() && !arguments.list;
        let run = move || match provider.as_ref() {
            Some(provider) => test(provider).map_err(|error| Failed::from(format!("{error:#}"))),
            None => Err(Failed::from("there is no identity provider")),
        };
        Trial::test(*name, run).with_ignored_flag(is_skipped)
    });
    Ok(libtest_mimic::run(&arguments, trials.collect()).exit_code())
}

type Test = fn(&IdentityProvider) -> anyhow::Result<()>;

const TESTS: &[(&str, Test)] = &[
    ("tokens: one of the provider is permitted, by each algorithm", tokens::permitted),
    ("tokens: one that the provider did not sign is refused", tokens::forged),
    ("rotation: under load no valid request is lost", rotation::under_load),
    ("down: keys in hand serve up to their limit, then keys.stale", down::stale),
    ("down: a key set that is too large is not taken", down::huge),
    ("first: a request before the first keys waits for them", first::waits),
    ("first: while they do not come it ends with 503 in time", first::never),
    ("first: a client that leaves while it waits is put down, once", first::left),
    ("fetches: an unknown kid asks once, however many come", fetches::unknown_kid),
    ("fetches: keys that did not change are confirmed by their ETag", fetches::etag),
    ("fetches: four workers and 500 issuers make one each", fetches::many_issuers),
];
