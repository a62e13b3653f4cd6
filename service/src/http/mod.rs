//! The HTTP API: what it answers, to whom, and how much of it.
//!
//! Every handler says in its arguments what the caller must be allowed ([`access`]); what it reads
//! is bounded ([`body`]), and what goes wrong is a problem with a stable code ([`problem`]). The
//! API document is made of the handlers themselves ([`crate::openapi`]).

pub mod access;
pub mod authzen;
pub mod body;
pub mod delegations;
pub mod exchange;
pub mod feed;
mod grant;
mod guard;
pub mod health;
pub mod oauth;
pub mod problem;
pub mod proxies;
pub mod records;
pub mod revocations;
pub mod sessions;
pub mod status;
mod target;
pub mod tenants;
pub mod who_can;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Router, middleware};
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::delegations::{
    AgreementBody, AmendRequest, Because, ConsentRequest, DelegationChangeRequest, DelegationDone,
    DelegationList, ProposalRequest,
};
pub use self::feed::Acknowledged;
pub use self::grant::{
    ActBody, AnyName, ConsentBody, DelegationBody, LastChange, PrincipalsName, StageName,
};
use self::guard::Bounds;
pub use self::problem::{Code, Problem, ProblemBody};
pub use self::proxies::ProxyBody;
pub use self::records::{LookupRequest, RecordBody, RecordList};
pub use self::revocations::{
    Done, Preview, PreviewRequest, PreviewedTarget, RestorationRequest, RevocationMode,
    RevocationRequest,
};
pub use self::sessions::{Ended, SessionBody, SessionList, SessionName, SessionRequest};
pub use self::status::{Status, StoreBody};
pub use self::target::{
    NamedKey, NamedPrincipal, NamedSession, NamedTarget, NamedTenant, NamedToken,
};
pub use self::tenants::{
    ChangeName, ChangeRequest, IsolationName, StatusName, TenantBody, TenantList, TenantRequest,
};
pub use self::who_can::{GrantBody, GrantKind, Question, WhoCan};
use crate::auth::{Authenticator, Tokens};
use crate::authzen::Authzen;
use crate::config::{FeedSource, LimitsSource};
use crate::delegation::Delegations;
use crate::directory::Directory;
use crate::exchange::Exchange;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::state::Control;

/// What handlers share.
pub struct App {
    /// The control state.
    pub control: Control,
    /// The directory of tenants.
    pub directory: Directory,
    /// The delegations between tenants.
    pub delegations: Delegations,
    /// Who may call.
    pub authenticator: Authenticator,
    /// Who tokens speak for, if there is a policy.
    pub tokens: Option<Arc<Tokens>>,
    /// AuthZEN, if there is a policy.
    pub authzen: Option<Authzen>,
    /// The exchange of tokens, if there is one.
    pub exchange: Option<Arc<Exchange>>,
    /// How much may be asked.
    pub limits: Limits,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where clients reach the service: `https://control.example.com`.
    pub public_url: String,
    /// The feed's lease and hold.
    pub feed: FeedSource,
    /// Cancelled when the service goes down: polls then end at once.
    pub shutdown: CancellationToken,
    /// Whether the service takes requests.
    pub ready: AtomicBool,
}

impl App {
    /// The policy's view of tokens.
    ///
    /// # Errors
    /// [`Code::NotConfigured`] without a policy.
    pub fn tokens(&self) -> Result<&Tokens, Problem> {
        self.tokens.as_deref().ok_or_else(without_policy)
    }

    /// AuthZEN.
    ///
    /// # Errors
    /// [`Code::NotConfigured`] without a policy.
    pub fn authzen(&self) -> Result<&Authzen, Problem> {
        self.authzen.as_ref().ok_or_else(without_policy)
    }

    /// Whether the service takes requests.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed) && !self.shutdown.is_cancelled()
    }
}

fn without_policy() -> Problem {
    Problem::with(Code::NotConfigured, "the service has no policy: set policy in its configuration")
}

/// Every route with its document, by how it is guarded.
struct Routes {
    open: OpenApiRouter<Arc<App>>,
    strangers: OpenApiRouter<Arc<App>>,
    guarded: OpenApiRouter<Arc<App>>,
    bulk: OpenApiRouter<Arc<App>>,
    polls: OpenApiRouter<Arc<App>>,
}

fn routes() -> Routes {
    Routes {
        open: OpenApiRouter::new()
            .routes(routes!(health::healthz))
            .routes(routes!(health::readyz))
            .routes(routes!(authzen::metadata))
            .routes(routes!(exchange::jwks))
            .routes(routes!(exchange::metadata)),
        strangers: OpenApiRouter::new().routes(routes!(exchange::token)),
        guarded: OpenApiRouter::new()
            .routes(routes!(health::metrics))
            .routes(routes!(status::status))
            .routes(routes!(proxies::proxies))
            .routes(routes!(tenants::list, tenants::create))
            .routes(routes!(tenants::get, tenants::change))
            .routes(routes!(delegations::list, delegations::propose))
            .routes(routes!(who_can::who_can))
            .routes(routes!(sessions::create, sessions::list, sessions::end_all))
            .routes(routes!(sessions::lookup))
            .routes(routes!(sessions::touch))
            .routes(routes!(sessions::end))
            .routes(routes!(oauth::revoke))
            .routes(routes!(oauth::introspect))
            .routes(routes!(authzen::evaluation))
            .routes(routes!(authzen::search_subjects))
            .routes(routes!(authzen::search_resources))
            .routes(routes!(authzen::search_actions)),
        bulk: OpenApiRouter::new()
            .routes(routes!(revocations::revoke))
            .routes(routes!(revocations::restore))
            .routes(routes!(revocations::preview))
            .routes(routes!(records::lookup))
            .routes(routes!(delegations::get, delegations::change))
            .routes(routes!(feed::acknowledged))
            .routes(routes!(authzen::evaluations)),
        polls: OpenApiRouter::new().routes(routes!(feed::poll)).routes(routes!(feed::shard)),
    }
}

/// The paths and schemas of every route.
#[must_use]
pub fn document() -> OpenApi {
    let Routes { open, strangers, guarded, bulk, polls } = routes();
    let all = crate::openapi::router()
        .merge(open)
        .merge(strangers)
        .merge(guarded)
        .merge(bulk)
        .merge(polls);
    all.split_for_parts().1
}

/// Everything that is served.
pub fn router(app: Arc<App>, limits: &LimitsSource) -> Router {
    let Routes { open, strangers, guarded, bulk, polls } = routes();
    let plain = |routes: OpenApiRouter<Arc<App>>| Router::from(routes);
    let body = |size: usize| DefaultBodyLimit::max(size);
    let guard = |routes: OpenApiRouter<Arc<App>>, time: Duration, bytes: usize| {
        let state = (Arc::clone(&app), Bounds { time, bytes });
        let guard = middleware::from_fn_with_state(state, guard::guard);
        plain(routes).route_layer(guard).layer(body(bytes))
    };
    let document: Arc<str> = crate::openapi::text().into();
    let document = get(move || async move { crate::openapi::answer(&document) });
    let limit = limits.request_timeout.get();
    // Here belongs what waits for proxies, which takes a lease at most.
    let patient = limit + app.feed.lease.get() + app.feed.hold.get();
    let guarded = guard(guarded, limit, limits.body.get());
    let bulk = guard(bulk, patient, limits.bulk_body.get());
    let bounds = Bounds { time: limit + app.feed.hold.get(), bytes: 0 };
    let guard_polls =
        middleware::from_fn_with_state((Arc::clone(&app), bounds), guard::guard_polls);
    let polls = plain(polls).route_layer(guard_polls).layer(body(bounds.bytes));
    let bounds = Bounds { time: limit, bytes: limits.body.get() };
    let guard_strangers =
        middleware::from_fn_with_state((Arc::clone(&app), bounds), guard::guard_strangers);
    let strangers = plain(strangers).route_layer(guard_strangers).layer(body(bounds.bytes));
    Router::new()
        .merge(plain(open).layer(body(0)))
        .route("/openapi.json", document)
        .merge(strangers)
        .merge(guarded)
        .merge(bulk)
        .merge(polls)
        .fallback(async || Problem::new(Code::RouteUnknown))
        .method_not_allowed_fallback(async || Problem::new(Code::RouteMethod))
        .layer(middleware::from_fn(guard::catch))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard::observe))
        .with_state(app)
}
