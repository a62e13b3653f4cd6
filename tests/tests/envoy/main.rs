//! Everything that must hold in a real Envoy: the corpus, case by case, and the behaviour that no
//! table shows. One Envoy with the deployed configuration serves most tests, side by side; a test
//! that needs another configuration starts its own.

mod binding;
mod body;
mod clock;
mod control_faults;
mod controlled;
mod corpus;
mod dead_leader;
mod exchanged;
mod figures;
mod grpc;
mod hostile;
mod metrics;
mod open_streams;
mod places;
mod preflight;
mod records;
mod reload;
mod reroute;
mod revocation;
mod rollout;
mod seed;
mod soak;
mod startup;
mod token_source;
mod world;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use self::world::{Shared, World};

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = Arguments::from_args();
    // A test waits for Envoy and its log most of the time, so cores do not matter.
    arguments.test_threads = arguments.test_threads.or(Some(8));
    let shared = Arc::new(Shared::default());
    let mut trials = corpus::trials(&shared)?;
    for behaviour in BEHAVIOURS {
        let shared = shared.clone();
        let test = behaviour.test;
        trials.push(Trial::test(behaviour.name, move || match test {
            Test::Shared(test) => test(shared.world()?).map_err(failed),
            Test::Alone(test) => test().map_err(failed),
        }));
    }
    if std::env::var_os("TENANTGUARD_LONG").is_some() {
        trials.push(Trial::test("soak: memory stays flat", || soak::memory().map_err(failed)));
        let leavers = || soak::leavers().map_err(failed);
        trials.push(Trial::test("soak: those who leave while asked about leave nothing", leavers));
        let figures = || figures::a_million_revocations().map_err(failed);
        trials.push(Trial::test("figures: a million revocations", figures));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if conclusion.has_failed() {
        shared.print_log();
    }
    Ok(conclusion.exit_code())
}

fn failed(error: anyhow::Error) -> Failed {
    Failed::from(format!("{error:#}"))
}

#[derive(Clone, Copy)]
enum Test {
    /// With the Envoy that all share.
    Shared(fn(&World) -> anyhow::Result<()>),
    /// With an Envoy of its own.
    Alone(fn() -> anyhow::Result<()>),
}

struct Behaviour {
    name: &'static str,
    test: Test,
}

const fn shared(name: &'static str, test: fn(&World) -> anyhow::Result<()>) -> Behaviour {
    Behaviour { name, test: Test::Shared(test) }
}

const fn alone(name: &'static str, test: fn() -> anyhow::Result<()>) -> Behaviour {
    Behaviour { name, test: Test::Alone(test) }
}

const BEHAVIOURS: &[Behaviour] = &[
    shared(
        "rollout: a shadowed permit changes nothing and is not billed",
        rollout::shadowed_permit,
    ),
    shared(
        "rollout: a shadowed denial goes on and is recorded as it would be",
        rollout::shadowed_denial,
    ),
    shared("rollout: with mode off only the third log tells of the request", rollout::off),
    shared("preflight: it passes without an identity and is not billed", preflight::passes),
    shared("preflight: not for a route or method that the policy lacks", preflight::needs_a_route),
    shared("grpc: a refusal is a grpc status with the reason as message", grpc::refusals),
    shared("grpc: a permitted call goes on", grpc::permitted),
    shared("records: audit and usage agree with what happened", records::agree),
    shared(
        "records: a request that Envoy refuses itself is in the third log",
        records::before_the_gate,
    ),
    shared("hostile: every line of the log is JSON whatever the client sends", hostile::log_lines),
    shared("hostile: nothing of a hostile token reaches the upstream", hostile::headers),
    alone("rollout: a mode that nobody knows enforces", rollout::unknown_mode),
    alone("records: no sequence number is missing", records::sequence),
    alone("reroute: the trap is real where a mode hangs on a header of ours", reroute::trap),
    alone("reroute: the deployed configuration does not have the trap", reroute::deployed),
    alone("startup: the deployed configuration reloads a failed VM", startup::fail_reload),
    alone("startup: the deployed configuration starts as it is", startup::as_deployed),
    alone("startup: the filter is called for what it does and nothing else", startup::exports),
    alone("startup: a bad policy is refused with all its errors", startup::bad_policy),
    alone("startup: ten thousand tenants are ready soon", startup::large_policy),
    alone("startup: a configuration that is none is refused", startup::no_configuration),
    alone(
        "reload: a new policy takes effect as a whole or not at all",
        reload::whole_or_not_at_all,
    ),
    alone("body: what is longer than its route's limit ends", body::limit),
    alone("token source: a cookie, and nothing beside it", token_source::cookie),
    alone("token source: a header, and nothing beside it", token_source::header),
    alone("token source: a token that may not go on is taken out", token_source::withheld),
    alone("binding: a bound token is taken from its client only", binding::holds),
    alone("metrics: decisions are counted by reason", metrics::by_reason),
    alone("delegations: one of the policy holds to the second", clock::of_the_policy),
    alone("delegations: a living one holds to the second", clock::of_the_control_service),
    alone("delegations: one that is revoked is over for a known token", clock::revoked),
    alone(
        "delegations: an exchanged token is good for what was lent, and nothing else",
        exchanged::an_exchanged_token_is_good_for_what_was_lent,
    ),
    alone("revocation: what is revoked is refused at once, and nothing else", revocation::targets),
    alone(
        "revocation: what is revoked is refused where Envoy keeps no metrics too",
        revocation::without_metrics,
    ),
    alone("revocation: a route that asks does so each time", revocation::asked),
    alone(
        "revocation: the service knows each proxy, and the proxy shows where it is",
        revocation::seen,
    ),
    alone(
        "revocation: no snapshot yet, and the client is told to come again",
        control_faults::no_snapshot,
    ),
    alone("revocation: a service that is gone, and comes back", control_faults::gone_and_back),
    alone("revocation: a service that hangs", control_faults::hangs),
    alone(
        "revocation: who leaves while a question is open is put down once",
        control_faults::abandoned,
    ),
    alone("revocation: two configurations in one Envoy do not mix", control_faults::two_services),
    alone("revocation: another VM leads when the leader goes", control_faults::leader_goes),
    alone("revocation: a leader that is gone without a word is replaced", dead_leader::is_replaced),
    alone("revocation: a VM that is far behind gets a newer snapshot", control_faults::far_behind),
    alone(
        "open streams: each kind ends when its token is revoked, another's goes on",
        open_streams::revoked,
    ),
    alone("open streams: of many that are revoked each ends once", open_streams::many),
    alone("open streams: one ends when its token expires", open_streams::expired),
];
