//! What can break between a proxy and what it knows, one after the other, while requests flow. In
//! each, somebody is revoked whom no proxy can hear about; none lets them in after the service has
//! said that it is done.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::json;
use tenantguard_e2e::control::{Meddling, Target};

use crate::fleet::{COPIED, Fleet, LEASE};
use crate::load::{Answered, Scene, Tally, Wrong};
use crate::revocations::enter;

const ISSUER: &str = "https://login.workforce.example";
/// How long things may take to be well again.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long no request may be refused for the fault before all is well: longer than a breaker stays
/// open.
const QUIET: Duration = Duration::from_millis(2_500);

/// One thing that breaks.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// What the table of the design says of it.
    pub(crate) means: &'static str,
    /// Whether it is part of the short run.
    pub(crate) is_short: bool,
    begin: fn(&mut Fleet) -> Result<()>,
    /// Whether the service can still be told to revoke.
    can_revoke: bool,
    end: fn(&mut Fleet) -> Result<()>,
}

/// What came of it.
pub(crate) struct Report {
    pub(crate) tally: Tally,
    pub(crate) wrong: Vec<Wrong>,
    /// How long after the end of the fault no request was refused for it any more.
    pub(crate) well_after: Duration,
}

fn nothing(_: &mut Fleet) -> Result<()> {
    Ok(())
}

fn meddle(fleet: &mut Fleet, how: Meddling) -> Result<()> {
    fleet.meddler.meddle(how);
    Ok(())
}

fn honest(fleet: &mut Fleet) -> Result<()> {
    meddle(fleet, Meddling::Not)
}

/// All of them, in an order in which one that kills a proxy is last.
pub(crate) const FAULTS: [Fault; 10] = [
    Fault {
        name: "service killed",
        means: "the copy serves until its lease ends, then requests ask in vain",
        is_short: true,
        begin: |fleet| {
            fleet.service.kill();
            Ok(())
        },
        can_revoke: false,
        end: |fleet| Ok(fleet.service.start_again()?),
    },
    Fault {
        name: "service hung",
        means: "as if it were down; nothing waits past its deadline",
        is_short: false,
        begin: |fleet| Ok(fleet.service.pause()?),
        can_revoke: false,
        end: |fleet| Ok(fleet.service.resume()?),
    },
    Fault {
        name: "Redis killed",
        means: "the service serves what it has, and its journal takes what is revoked",
        is_short: false,
        begin: |fleet| {
            fleet.redis.kill();
            Ok(())
        },
        can_revoke: true,
        end: |fleet| Ok(fleet.redis.start_again()?),
    },
    Fault {
        name: "feed cut",
        means: "past its lease the copy decides nothing alone",
        is_short: true,
        begin: |fleet| meddle(fleet, Meddling::Silent),
        can_revoke: true,
        end: honest,
    },
    Fault {
        name: "garbage",
        means: "what does not prove itself is refused, the last good copy stays",
        is_short: false,
        begin: |fleet| meddle(fleet, Meddling::Garbage),
        can_revoke: true,
        end: honest,
    },
    Fault {
        name: "truncated",
        means: "what is not whole is refused, the last good copy stays",
        is_short: false,
        begin: |fleet| meddle(fleet, Meddling::Truncated),
        can_revoke: true,
        end: honest,
    },
    Fault {
        name: "position goes backwards",
        means: "an older copy never takes the place of a newer one",
        is_short: false,
        begin: |fleet| meddle(fleet, Meddling::Backwards),
        can_revoke: true,
        end: honest,
    },
    Fault {
        name: "position forks",
        means: "a mismatch is answered with a snapshot",
        is_short: false,
        begin: |fleet| meddle(fleet, Meddling::Forked),
        can_revoke: true,
        end: honest,
    },
    Fault {
        name: "answer replayed",
        means: "an answer counts for its own question alone",
        is_short: false,
        begin: |fleet| meddle(fleet, Meddling::Replayed),
        can_revoke: true,
        end: honest,
    },
    Fault {
        name: "a proxy killed",
        means: "whoever waits for proxies waits for its lease, and the other one goes on",
        is_short: false,
        begin: |fleet| {
            drop(fleet.envoys.pop());
            Ok(())
        },
        can_revoke: true,
        end: nothing,
    },
];

impl Fault {
    /// Breaks it, revokes somebody meanwhile, mends it, and waits until all is well.
    pub(crate) fn run(&self, fleet: &mut Fleet, scene: &Arc<Scene>) -> Result<Report> {
        let id = format!("fault-{}", self.name);
        let token = json!({"subject": "walter", "claims": {"jti": id}});
        let (actor, _) = fleet.actor(&id, COPIED, &token)?;
        enter(scene, &actor);
        scene.take();

        scene.set_faulty(true);
        (self.begin)(fleet)?;
        if self.can_revoke {
            scene.is_about_to_go(std::slice::from_ref(&actor));
            // No proxy hears of it, so this returns when their leases have run out.
            fleet.control()?.revoke(&[Target::token_id("acme", ISSUER, &id)])?;
            scene.is_gone(std::slice::from_ref(&actor));
        }
        thread::sleep(LEASE + Duration::from_secs(1));
        (self.end)(fleet)?;
        let well_after = self.until_well(scene)?;
        scene.set_faulty(self.is_for_good());
        let (tally, mut wrong) = scene.take();
        // What was let through once all was well again must not be refused again.
        thread::sleep(Duration::from_millis(500));
        let (after, wrong_after) = scene.take();
        ensure!(after.permitted > 0, "{}: nobody is let in afterwards", self.name);
        wrong.extend(wrong_after);
        Ok(Report { tally, wrong, well_after })
    }

    fn until_well(&self, scene: &Arc<Scene>) -> Result<Duration> {
        let begun = Instant::now();
        let (mut tally, mut wrong) = scene.take();
        let mut quiet_since: Option<Instant> = None;
        loop {
            thread::sleep(Duration::from_millis(100));
            let (step, step_wrong) = scene.take();
            let is_quiet = step.unavailable == 0 && (step.nothing == 0 || self.is_for_good());
            wrong.extend(step_wrong);
            tally.add(step);
            match (is_quiet && step.permitted > 0, quiet_since) {
                (true, None) => quiet_since = Some(Instant::now()),
                (true, Some(since)) if since.elapsed() > QUIET => {
                    scene.put_back(tally, wrong);
                    return Ok(since.saturating_duration_since(begun));
                }
                (true, Some(_)) => {}
                (false, _) => quiet_since = None,
            }
            if begun.elapsed() > PATIENCE {
                bail!("{}: not well within {PATIENCE:?}: {tally:?}", self.name);
            }
        }
    }

    /// Whether clients of what was killed get no answer any more.
    fn is_for_good(&self) -> bool {
        self.name == "a proxy killed"
    }
}

impl Wrong {
    pub(crate) fn is_permit(&self) -> bool {
        self.answered == Answered::Permitted
    }
}
