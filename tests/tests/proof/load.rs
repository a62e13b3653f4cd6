//! Requests that flow all the time, and a judgement of each: nobody is let in who was revoked when
//! the request was sent, and nobody else is refused.

use std::fmt;
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tenantguard_e2e::client;

/// A token and its request, and since when it must be refused.
pub(crate) struct Actor {
    pub(crate) name: String,
    wire: Vec<u8>,
    /// In nanoseconds since the load began. From the first on it may be refused, from the second on
    /// it must be.
    may_be_refused: AtomicU64,
    must_be_refused: AtomicU64,
}

/// What a request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// It reached the upstream.
    Permitted,
    /// The bearer is refused: 401 or 403.
    Refused,
    /// The boundary could not decide: 503.
    Unavailable,
    /// Nothing came back.
    Nothing,
}

/// An answer as its client sees it.
struct Told {
    answered: Answered,
    audit_id: Option<String>,
}

/// What came of the requests of one phase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) permitted: u64,
    pub(crate) refused: u64,
    pub(crate) unavailable: u64,
    pub(crate) nothing: u64,
}

impl Tally {
    pub(crate) fn all(self) -> u64 {
        self.permitted + self.refused + self.unavailable + self.nothing
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.permitted += other.permitted;
        self.refused += other.refused;
        self.unavailable += other.unavailable;
        self.nothing += other.nothing;
    }
}

/// A request that was answered as it must not be.
#[derive(Debug, Clone)]
pub(crate) struct Wrong {
    pub(crate) actor: String,
    pub(crate) answered: Answered,
    /// How long after it had to be refused it was sent.
    pub(crate) late: Duration,
    /// What its audit record is found by, if the client was told.
    pub(crate) audit_id: Option<String>,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { actor, answered, late, .. } = self;
        write!(f, "{actor} was answered {answered:?}, {} ms after the revocation", late.as_millis())
    }
}

/// What clients and the narrator share.
pub(crate) struct Scene {
    begun: Instant,
    actors: Mutex<Vec<Arc<Actor>>>,
    /// The actor that half of the requests are for.
    hot: Mutex<Option<Arc<Actor>>>,
    /// Whether something is broken, so that a 503 is right.
    is_faulty: AtomicBool,
    tally: Mutex<Tally>,
    wrong: Mutex<Vec<Wrong>>,
    /// When each client was first refused as the hot actor.
    first_refusals: Mutex<Vec<(usize, Instant)>>,
    turn: AtomicUsize,
    /// How many of the actors nothing is done to: the first ones.
    bystanders: AtomicUsize,
}

/// The running clients.
pub(crate) struct Load {
    pub(crate) scene: Arc<Scene>,
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Actor {
    pub(crate) fn new(name: impl Into<String>, wire: Vec<u8>) -> Arc<Self> {
        let never = || AtomicU64::new(u64::MAX);
        let (may_be_refused, must_be_refused) = (never(), never());
        Arc::new(Self { name: name.into(), wire, may_be_refused, must_be_refused })
    }
}

impl Scene {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            begun: Instant::now(),
            actors: Mutex::default(),
            hot: Mutex::default(),
            is_faulty: AtomicBool::new(false),
            tally: Mutex::default(),
            wrong: Mutex::default(),
            first_refusals: Mutex::default(),
            turn: AtomicUsize::new(0),
            bystanders: AtomicUsize::new(0),
        })
    }

    /// Whoever is here already is a bystander, whom nothing is done to.
    pub(crate) fn begin(&self) {
        self.bystanders.store(lock(&self.actors).len(), Ordering::Relaxed);
    }

    /// One more actor, who asks from now on.
    pub(crate) fn enter(&self, actor: &Arc<Actor>) {
        lock(&self.actors).push(actor.clone());
    }

    /// Half of the requests are this actor's from now on.
    pub(crate) fn watch(&self, actor: &Arc<Actor>) {
        lock(&self.first_refusals).clear();
        *lock(&self.hot) = Some(actor.clone());
    }

    /// When clients were first refused as the watched actor, each for the first time.
    pub(crate) fn first_refusals(&self) -> Vec<Instant> {
        lock(&self.first_refusals).iter().map(|(_, at)| *at).collect()
    }

    /// Something is about to be revoked: from now on these may be refused.
    pub(crate) fn is_about_to_go(&self, actors: &[Arc<Actor>]) {
        let now = self.now();
        actors.iter().for_each(|actor| actor.may_be_refused.store(now, Ordering::SeqCst));
    }

    /// It is revoked: whoever asks as one of these from now on is refused.
    pub(crate) fn is_gone(&self, actors: &[Arc<Actor>]) {
        let now = self.now();
        actors.iter().for_each(|actor| actor.must_be_refused.store(now, Ordering::SeqCst));
    }

    /// Whether a 503 is right from now on.
    pub(crate) fn set_faulty(&self, is_faulty: bool) {
        self.is_faulty.store(is_faulty, Ordering::SeqCst);
    }

    /// What came of all requests since the last time, and those answered wrongly.
    pub(crate) fn take(&self) -> (Tally, Vec<Wrong>) {
        (std::mem::take(&mut *lock(&self.tally)), std::mem::take(&mut *lock(&self.wrong)))
    }

    /// Gives back what was taken.
    pub(crate) fn put_back(&self, tally: Tally, wrong: Vec<Wrong>) {
        lock(&self.tally).add(tally);
        lock(&self.wrong).extend(wrong);
    }

    fn now(&self) -> u64 {
        self.since(Instant::now())
    }

    fn since(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.begun).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Whose turn it is: half of the time the one who is watched, then a bystander, then anybody.
    fn next(&self) -> Option<Arc<Actor>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let hot = lock(&self.hot).clone();
        if turn.is_multiple_of(2) && hot.is_some() {
            return hot;
        }
        let actors = lock(&self.actors);
        let count = match turn % 4 {
            1 => self.bystanders.load(Ordering::Relaxed),
            _ => actors.len(),
        };
        actors.get((turn / 4).checked_rem(count)?).cloned()
    }

    fn judge(&self, client: usize, actor: &Arc<Actor>, sent: Instant, told: Told) {
        let Told { answered, audit_id } = told;
        {
            let mut tally = lock(&self.tally);
            *match answered {
                Answered::Permitted => &mut tally.permitted,
                Answered::Refused => &mut tally.refused,
                Answered::Unavailable => &mut tally.unavailable,
                Answered::Nothing => &mut tally.nothing,
            } += 1;
        }
        let late = self.since(sent).checked_sub(actor.must_be_refused.load(Ordering::SeqCst));
        let may_be_refused = actor.may_be_refused.load(Ordering::SeqCst) <= self.now();
        let is_wrong = match answered {
            Answered::Permitted => late.is_some(),
            Answered::Refused => !may_be_refused,
            Answered::Unavailable | Answered::Nothing => !self.is_faulty.load(Ordering::SeqCst),
        };
        if is_wrong {
            let late = Duration::from_nanos(late.unwrap_or(0));
            lock(&self.wrong).push(Wrong { actor: actor.name.clone(), answered, late, audit_id });
        }
        let is_hot = lock(&self.hot).as_ref().is_some_and(|hot| Arc::ptr_eq(hot, actor));
        if answered == Answered::Refused && is_hot {
            let mut first = lock(&self.first_refusals);
            if first.iter().all(|(other, _)| *other != client) {
                first.push((client, Instant::now()));
            }
        }
    }
}

impl Load {
    /// Sends this many requests a second, by so many clients at each address.
    pub(crate) fn start(
        scene: Arc<Scene>,
        addresses: &[SocketAddr],
        clients: usize,
        rate: u32,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let all = addresses.len().saturating_mul(clients);
        let pause = Duration::from_secs(1) * u32::try_from(all).unwrap_or(1) / rate;
        let spawn = |(nth, address): (usize, SocketAddr)| {
            let (scene, stop) = (scene.clone(), stop.clone());
            thread::spawn(move || Client { nth, address, stream: None }.run(&scene, &stop, pause))
        };
        let everywhere = addresses.iter().cycle().copied().take(all);
        let clients = everywhere.enumerate().map(spawn).collect();
        Self { scene, stop, clients }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for client in self.clients.drain(..) {
            let _ = client.join();
        }
    }
}

/// One client with a connection that it keeps.
struct Client {
    nth: usize,
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl Client {
    fn run(mut self, scene: &Scene, stop: &AtomicBool, pause: Duration) {
        let mut due = Instant::now();
        while !stop.load(Ordering::SeqCst) {
            due += pause;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            // Who was held up does not catch up by a burst.
            due = due.max(Instant::now() - pause);
            let Some(actor) = scene.next() else { continue };
            let sent = Instant::now();
            let told = self.ask(&actor.wire);
            scene.judge(self.nth, &actor, sent, told);
        }
    }

    fn ask(&mut self, wire: &[u8]) -> Told {
        // A connection that Envoy has closed in the meantime says nothing about the request.
        let is_fresh = self.stream.is_none();
        let asked = self.exchange(wire);
        match asked {
            Ok(told) => told,
            Err(_) if is_fresh => self.nothing(),
            Err(_) => {
                self.stream = None;
                self.exchange(wire).unwrap_or_else(|_| self.nothing())
            }
        }
    }

    fn nothing(&mut self) -> Told {
        self.stream = None;
        Told { answered: Answered::Nothing, audit_id: None }
    }

    fn exchange(&mut self, wire: &[u8]) -> io::Result<Told> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(self.address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(Duration::from_secs(5)))?;
                none.insert(stream)
            }
        };
        stream.write_all(wire)?;
        let answer = client::read_response(stream, false)?;
        let audit_id = answer.header("x-audit-id").map(str::to_owned);
        let answered = match answer.status {
            200 => Answered::Permitted,
            401 | 403 => Answered::Refused,
            _ => Answered::Unavailable,
        };
        Ok(Told { answered, audit_id })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
