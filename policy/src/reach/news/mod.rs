//! What a policy reaches that an earlier one did not, from two reports: what fails a build with
//! `--deny-new`. Less than before is no news, nor is another way to say the same: another order,
//! other names of parameters and delegations, another permission on the same door for the same
//! role. Where it is in doubt, it is news.

mod cross;
mod home;

use std::collections::BTreeSet;

use serde::Serialize;

use super::report::{Door, Issuer, Names, Principals, Reach};
use super::time::Time;

/// Everything that is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct News {
    /// One after another: cross-tenant access first.
    pub pieces: Vec<Piece>,
}

/// Something that could not be reached before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "new", rename_all = "snake_case")]
pub enum Piece {
    /// One tenant in another's data.
    CrossTenant {
        /// Who acts.
        acting: String,
        /// Whose data.
        resource: String,
        /// The delegation that opens the way.
        delegation: String,
        /// Who of the acting tenant's principals.
        principals: Principals,
        /// The roles that reach further than before.
        roles: Vec<String>,
        /// What they reach.
        doors: Vec<Door>,
        /// From when on.
        not_before: Time,
        /// Until when.
        expires: Time,
    },
    /// A door where the gate is not enforced.
    Unenforced {
        /// `shadow` or `off`.
        mode: String,
        /// The door.
        door: Door,
    },
    /// A door without identity.
    Public {
        /// The door.
        door: Door,
    },
    /// An issuer that may say more.
    Issuer {
        /// Its `iss`.
        issuer: String,
        /// The tenants that it may speak for now.
        tenants: Names,
        /// The roles that it may give now.
        roles: Names,
        /// What its permissions come from, if that asks less than before.
        #[serde(skip_serializing_if = "Option::is_none")]
        authority: Option<String>,
    },
    /// Tenants that may do more with their own data.
    Home {
        /// The tenants.
        tenants: Vec<String>,
        /// The roles that reach further than before.
        roles: Vec<String>,
        /// What they reach.
        doors: Vec<Door>,
    },
}

impl News {
    /// Compares with an earlier report.
    #[must_use]
    pub fn since(baseline: &Reach, now: &Reach) -> Self {
        let mut pieces = cross::news(baseline, now);
        pieces.extend(open_doors(baseline, now));
        let earlier = |issuer: &Issuer| baseline.issuers.iter().find(|b| b.issuer == issuer.issuer);
        pieces.extend(now.issuers.iter().filter_map(|issuer| issuer_news(earlier(issuer), issuer)));
        pieces.extend(home::news(baseline, now));
        Self { pieces }
    }

    /// Whether there is nothing new.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

/// What makes two doors the same: the names of parameters do not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct DoorKey {
    method: String,
    route: String,
    hosts: Vec<String>,
}

impl DoorKey {
    fn of(door: &Door) -> Self {
        let nameless = |part: &str| match part.strip_suffix('}').map(|p| p.ends_with("...")) {
            Some(true) if part.starts_with('{') => "{...}".to_owned(),
            Some(false) if part.starts_with('{') => "{}".to_owned(),
            _ => part.to_owned(),
        };
        let route: Vec<String> = door.route.split('/').map(nameless).collect();
        let mut hosts = door.hosts.clone();
        hosts.sort_unstable();
        Self { method: door.method.clone(), route: route.join("/"), hosts }
    }
}

/// Doors that were not open to everybody before.
fn open_doors(baseline: &Reach, now: &Reach) -> Vec<Piece> {
    let public = baseline.public.iter();
    let open = public.chain(baseline.unenforced.iter().map(|u| &u.door)).map(DoorKey::of);
    let open: BTreeSet<DoorKey> = open.collect();
    let is_new = |door: &Door| !open.contains(&DoorKey::of(door));
    let unenforced = now.unenforced.iter().filter(|u| is_new(&u.door));
    let unenforced =
        unenforced.map(|u| Piece::Unenforced { mode: u.mode.clone(), door: u.door.clone() });
    let public = now.public.iter().filter(|door| is_new(door));
    unenforced.chain(public.map(|door| Piece::Public { door: door.clone() })).collect()
}

fn issuer_news(before: Option<&Issuer>, now: &Issuer) -> Option<Piece> {
    let nobody = Names::Only(Vec::new());
    let tenants = added(before.map_or(&nobody, |b| &b.tenants), &now.tenants);
    let roles = added(before.map_or(&nobody, |b| &b.roles), &now.roles);
    let asks_less =
        |before: &Issuer| before.authority != now.authority && now.authority != "roles_and_scopes";
    let authority = before.filter(|b| asks_less(b)).map(|_| now.authority.clone());
    if before.is_some() && tenants == nobody && roles == nobody && authority.is_none() {
        return None;
    }
    Some(Piece::Issuer { issuer: now.issuer.clone(), tenants, roles, authority })
}

fn added(before: &Names, now: &Names) -> Names {
    match (before, now) {
        (Names::Any, _) => Names::Only(Vec::new()),
        (Names::Only(_), Names::Any) => Names::Any,
        (Names::Only(before), Names::Only(now)) => {
            let before: BTreeSet<&String> = before.iter().collect();
            Names::Only(now.iter().filter(|name| !before.contains(name)).cloned().collect())
        }
    }
}
