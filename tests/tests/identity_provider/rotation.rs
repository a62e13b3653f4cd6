//! The provider's keys change while requests flow.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use tenantguard_e2e::idp::IdentityProvider;

use crate::world::{Policy, World, token, wait_until};

const CLIENTS: usize = 4;
/// Long enough for some hundred requests.
const A_WHILE: Duration = Duration::from_millis(1_500);

pub(crate) fn under_load(provider: &IdentityProvider) -> Result<()> {
    let realm = provider.realm("rotation");
    realm.max_age(4)?;
    let policy = Policy::new().realm("platform", realm, "refresh: 4s");
    World::with(provider, &policy, 2, |world| {
        let before = token(realm)?;
        world.ask(&before)?.permitted()?;
        let load = Load::new(&before);
        let after = thread::scope(|scope| {
            for client in 0..CLIENTS {
                let load = &load;
                scope.spawn(move || load.run(world, client));
            }
            let result = rotate(provider, &load);
            load.stop.store(true, Ordering::SeqCst);
            result
        })?;
        let failures = load.failures.lock().map(|failures| failures.clone()).unwrap_or_default();
        let sent = load.sent.load(Ordering::SeqCst);
        let first = failures.first();
        ensure!(failures.is_empty(), "{} of {sent} were lost, first {first:?}", failures.len());
        ensure!(sent >= 100, "only {sent} requests were sent; that is no load");

        // Who still has a token of the old keys is refused once the gate knows the new set.
        wait_until("the end of the old keys", Duration::from_secs(10), || {
            Ok(world.ask(&before)?.refused(401, "token.key").is_ok())
        })?;
        world.ask(&after)?.permitted()
    })
}

/// New keys sign at once, while half of the clients go on with tokens of the old ones; then the old
/// ones are taken back. Gives the token at the end.
fn rotate(provider: &IdentityProvider, load: &Load) -> Result<String> {
    let realm = provider.realm("rotation");
    thread::sleep(A_WHILE);
    realm.rotate()?;
    let after = token(realm)?;
    load.give(0, &after);
    thread::sleep(A_WHILE);
    load.give(1, &after);
    // A request with the old token may still be on its way.
    thread::sleep(Duration::from_millis(200));
    realm.retire()?;
    // Past the next regular fetch.
    thread::sleep(Duration::from_secs(5));
    Ok(after)
}

/// Clients in two halves, each with the token that it was given last.
struct Load {
    tokens: [Mutex<String>; 2],
    stop: AtomicBool,
    sent: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

impl Load {
    fn new(token: &str) -> Self {
        Self {
            tokens: [Mutex::new(token.to_owned()), Mutex::new(token.to_owned())],
            stop: AtomicBool::new(false),
            sent: AtomicUsize::new(0),
            failures: Mutex::new(Vec::new()),
        }
    }

    fn give(&self, half: usize, token: &str) {
        if let Some(Ok(mut own)) = self.tokens.get(half).map(Mutex::lock) {
            token.clone_into(&mut own);
        }
    }

    fn run(&self, world: &World, client: usize) {
        while !self.stop.load(Ordering::SeqCst) {
            let token = self.tokens.get(client % 2).and_then(|token| token.lock().ok());
            let Some(token) = token.map(|token| token.clone()) else { return };
            let answer = world.ask(&token).and_then(|answer| answer.permitted());
            self.sent.fetch_add(1, Ordering::SeqCst);
            if let (Err(error), Ok(mut failures)) = (answer, self.failures.lock()) {
                failures.push(format!("client {client}: {error:#}"));
            }
        }
    }
}
