//! The policy that every engine gets, in plain structs: 100 roles, 1,000 routes, and as many
//! tenants as asked for. Each engine's module puts it into that engine's words.
//!
//! 100 resources belong to 25 teams of 4. A team has four roles, each extending the one before:
//! viewer, contributor, editor, owner; an owner also views the next team's resources. Every tenth
//! tenant overrides two roles, and one tenant in a hundred (four at least) lets another one read.

pub mod requests;
mod routes;

pub use self::routes::Route;
use crate::random::Random;

/// Four ranks in each of 25 teams.
pub const ROLES: usize = 100;
/// Ten for each of 100 resources.
pub const ROUTES: usize = 1_000;

/// The second at which all requests are decided: 2027-01-15T08:00:00Z.
pub const NOW: u64 = 1_800_000_000;
/// When delegations begin.
pub const BEGIN: Moment = Moment { text: "2026-01-01T00:00:00Z", seconds: 1_767_225_600 };
/// When delegations end that have not ended yet.
pub const END: Moment = Moment { text: "2030-01-01T00:00:00Z", seconds: 1_893_456_000 };
/// When the others have ended.
pub const PAST_END: Moment = Moment { text: "2026-07-01T00:00:00Z", seconds: 1_782_864_000 };

const TEAM: usize = 4;
const RANKS: [&str; 4] = ["viewer", "contributor", "editor", "owner"];
const ACTIONS: [&str; 4] = ["read", "write", "delete", "share"];
const AREAS: [&str; 5] = ["billing", "sales", "support", "people", "projects"];
const NOUNS: [&str; 20] = [
    "reports",
    "invoices",
    "contracts",
    "documents",
    "orders",
    "tickets",
    "accounts",
    "contacts",
    "campaigns",
    "forecasts",
    "payments",
    "surveys",
    "schedules",
    "assets",
    "budgets",
    "notes",
    "tasks",
    "audits",
    "exports",
    "templates",
];

/// A moment as a policy's text and as seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// RFC 3339.
    pub text: &'static str,
    /// Seconds since the epoch.
    pub seconds: u64,
}

/// A role.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// The roles whose permissions it has too.
    pub extends: Vec<String>,
    /// Its own permissions.
    pub permissions: Vec<String>,
}

/// What one tenant changes about a role, and so about all that extend it. A denial wins over
/// everything that a principal is given by any role.
#[derive(Debug, Clone)]
pub struct Override {
    /// The tenant.
    pub tenant: String,
    /// The role.
    pub role: String,
    /// What the role gives there beside.
    pub grant: Vec<String>,
    /// What the role takes away there.
    pub deny: Vec<String>,
}

/// What one tenant lets another's principals do with its data.
#[derive(Debug, Clone)]
pub struct Delegation {
    /// Whose data.
    pub from: String,
    /// Who may act.
    pub to: String,
    /// The team whose resources they are.
    pub team: usize,
    /// What they may do, if their roles give it too.
    pub permissions: Vec<String>,
    /// From when on.
    pub not_before: Moment,
    /// Until when.
    pub expires: Moment,
}

/// A whole policy.
#[derive(Debug, Clone)]
pub struct World {
    /// The tenants' ids.
    pub tenants: Vec<String>,
    /// The roles.
    pub roles: Vec<Role>,
    /// What tenants change about them.
    pub overrides: Vec<Override>,
    /// The routes.
    pub routes: Vec<Route>,
    /// Who lets whom; at most one for each pair.
    pub delegations: Vec<Delegation>,
}

impl World {
    /// The policy with that many tenants, ten or more.
    #[must_use]
    pub fn new(tenants: usize) -> Self {
        let tenants: Vec<String> = (0..tenants).map(|n| format!("tenant-{n:05}")).collect();
        let mut random = Random::new(4);
        Self {
            roles: (0..ROLES).map(role).collect(),
            overrides: overrides(&tenants, &mut random),
            routes: (0..AREAS.len() * NOUNS.len()).flat_map(routes::of_resource).collect(),
            delegations: delegations(&tenants, &mut random),
            tenants,
        }
    }

    /// A role by its name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// The role and all that it extends, directly or not.
    #[must_use]
    pub fn closure<'w>(&'w self, name: &str) -> Vec<&'w Role> {
        let mut found: Vec<&Role> = self.role(name).into_iter().collect();
        let mut next = 0;
        while let Some(role) = found.get(next) {
            next += 1;
            for name in &role.extends {
                if !found.iter().any(|known| known.name == *name) {
                    found.extend(self.role(name));
                }
            }
        }
        found
    }
}

/// The resource's name, as in paths and permissions.
fn resource(nth: usize) -> String {
    format!("{}-{}", AREAS[nth / NOUNS.len()], NOUNS[nth % NOUNS.len()])
}

fn permission(resource_index: usize, action: &str) -> String {
    format!("{}:{action}", resource(resource_index))
}

/// The same action on all resources of a team.
fn team_permissions(team: usize, action: &str) -> Vec<String> {
    (team * TEAM..(team + 1) * TEAM).map(|nth| permission(nth, action)).collect()
}

fn role_name(team: usize, rank: usize) -> String {
    format!("team-{team:02}-{}", RANKS[rank])
}

fn role(nth: usize) -> Role {
    let (team, rank) = (nth / RANKS.len(), nth % RANKS.len());
    let teams = ROLES / RANKS.len();
    let mut extends: Vec<String> =
        rank.checked_sub(1).map(|r| role_name(team, r)).into_iter().collect();
    if rank + 1 == RANKS.len() {
        extends.push(role_name((team + 1) % teams, 0));
    }
    let permissions = team_permissions(team, ACTIONS[rank]);
    Role { name: role_name(team, rank), extends, permissions }
}

/// Every tenth tenant forbids its editors something, and lets viewers of another team write.
fn overrides(tenants: &[String], random: &mut Random) -> Vec<Override> {
    let teams = ROLES / RANKS.len();
    let of_tenant = tenants.iter().skip(3).step_by(10).flat_map(|tenant| {
        let strict = random.below(teams);
        let generous = (strict + 1 + random.below(teams - 1)) % teams;
        let denied = *random.one(&["write", "delete"]);
        let change = |role, grant, deny| Override { tenant: tenant.clone(), role, grant, deny };
        [
            change(role_name(strict, 2), vec![], vec![permission(strict * TEAM, denied)]),
            change(role_name(generous, 0), vec![permission(generous * TEAM, "write")], vec![]),
        ]
    });
    of_tenant.collect()
}

/// One tenant in a hundred, four at least, lets another one read what one team has.
fn delegations(tenants: &[String], random: &mut Random) -> Vec<Delegation> {
    let count = (tenants.len() / 100).max(4);
    let delegation = |nth: usize| {
        let from = nth * tenants.len() / count;
        let to = (from + 1 + random.below(tenants.len() - 1)) % tenants.len();
        let team = random.below(ROLES / RANKS.len());
        Delegation {
            from: tenants[from].clone(),
            to: tenants[to].clone(),
            team,
            permissions: team_permissions(team, "read"),
            not_before: BEGIN,
            expires: if nth % 4 == 3 { PAST_END } else { END },
        }
    };
    (0..count).map(delegation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_has_what_its_name_says() {
        let world = World::new(10);
        assert_eq!((world.tenants.len(), world.roles.len()), (10, ROLES));
        assert_eq!(world.routes.len(), ROUTES);
        assert!(!world.overrides.is_empty());
        assert!(world.delegations.iter().any(|d| d.expires.seconds < NOW));
        assert!(world.delegations.iter().all(|d| d.from != d.to));
    }

    #[test]
    fn an_owner_has_what_the_ranks_below_have_and_views_the_next_team() {
        let world = World::new(10);
        let names: Vec<&str> = world.closure("team-24-owner").iter().map(|r| &*r.name).collect();
        let expected = [
            "team-24-owner",
            "team-24-editor",
            "team-00-viewer",
            "team-24-contributor",
            "team-24-viewer",
        ];
        assert_eq!(names, expected);
    }
}
