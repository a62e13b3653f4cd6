//! What is in the picture: the boxes of each column, and what leads from one to another. Where
//! there are more boxes than a reader can follow, those that say the same are drawn as one, with
//! their number; nothing is left out.

use std::collections::{BTreeMap, BTreeSet};

use super::super::report::{Exception, Issuer, Names, Principals, Reach};

/// How many boxes a column may have before they are grouped.
const COLUMN_LIMIT: usize = 30;

/// A box.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) title: String,
    /// What stands below the title.
    pub(super) lists: Vec<Vec<String>>,
    /// What a reader sees who points at it.
    pub(super) hint: String,
}

/// A delegation, or several that say the same.
#[derive(Debug, Clone)]
pub(super) struct Card {
    pub(super) node: Node,
    /// Who acts: a tenant, by position.
    pub(super) acting: usize,
    /// Whose data: an owner, by position.
    pub(super) resource: usize,
}

/// Everything that is drawn.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) policy: String,
    pub(super) claim: String,
    /// What breaks the claim without a delegation.
    pub(super) warning: Option<String>,
    pub(super) issuers: Vec<Node>,
    pub(super) tenants: Vec<Node>,
    pub(super) cards: Vec<Card>,
    pub(super) owners: Vec<Node>,
    /// From issuers to tenants, by position.
    pub(super) speaks: BTreeSet<(usize, usize)>,
    pub(super) note: String,
}

/// Delegations that are drawn as one.
struct Bundle<'r> {
    acting: BTreeSet<&'r str>,
    resource: BTreeSet<&'r str>,
    all: Vec<&'r Exception>,
}

impl Picture {
    pub(super) fn of(reach: &Reach) -> Self {
        let bundles = bundles(&reach.exceptions);
        let mut tenants = Groups::default();
        let mut owners = Groups::default();
        let cards = bundles.iter().map(|bundle| Card {
            node: card(bundle),
            acting: tenants.position(&bundle.acting),
            resource: owners.position(&bundle.resource),
        });
        let cards: Vec<Card> = cards.collect();
        let at_home = others(reach, &tenants);
        tenants.groups.extend(at_home);
        let (issuers, speaks) = speakers(reach, &tenants.groups);
        let at = reach.at.as_ref().map_or(String::new(), |at| format!(" at {at}"));
        let home = "By this policy. Each tenant reaches its own data too; that is not drawn.";
        Self {
            policy: format!("{}{at}", reach.policy),
            claim: reach.claim.clone(),
            warning: warning(reach),
            tenants: tenants.groups.iter().map(|group| tenant_node(group, "")).collect(),
            owners: owners.groups.iter().map(|group| tenant_node(group, "data of ")).collect(),
            issuers,
            cards,
            speaks,
            note: match idle(reach) {
                Some(idle) => format!("{home} {idle}"),
                None => home.to_owned(),
            },
        }
    }
}

/// Delegate, delegation, and what it comes to: as far as each counts.
type SaysTheSame = (String, String, Vec<String>);

/// Groups of tenants, each once.
#[derive(Default)]
struct Groups<'r> {
    groups: Vec<BTreeSet<&'r str>>,
}

impl<'r> Groups<'r> {
    fn position(&mut self, group: &BTreeSet<&'r str>) -> usize {
        match self.groups.iter().position(|known| known == group) {
            Some(position) => position,
            None => {
                self.groups.push(group.clone());
                self.groups.len() - 1
            }
        }
    }
}

/// One for each delegation; if they are too many, one for those of the same delegate to the same
/// effect, then for those of the same delegate, then for those to the same effect, then one for all.
fn bundles(exceptions: &[Exception]) -> Vec<Bundle<'_>> {
    let delegate = |e: &Exception| e.acting.clone();
    let keys: [&dyn Fn(&Exception) -> SaysTheSame; 5] = [
        &|e| (delegate(e), format!("{} {}", e.resource, e.delegation), Vec::new()),
        &|e| (delegate(e), String::new(), permissions(e)),
        &|e| (delegate(e), String::new(), Vec::new()),
        &|e| (String::new(), String::new(), permissions(e)),
        &|_| (String::new(), String::new(), Vec::new()),
    ];
    let mut bundles = Vec::new();
    for key in keys {
        let mut by_key: BTreeMap<_, Bundle<'_>> = BTreeMap::new();
        for exception in exceptions {
            let bundle = by_key.entry(key(exception)).or_insert_with(|| Bundle {
                acting: BTreeSet::new(),
                resource: BTreeSet::new(),
                all: Vec::new(),
            });
            bundle.acting.insert(&exception.acting);
            bundle.resource.insert(&exception.resource);
            bundle.all.push(exception);
        }
        bundles = by_key.into_values().collect();
        if bundles.len() <= COLUMN_LIMIT {
            break;
        }
    }
    bundles
}

/// What a delegation lets the delegate do, in effect.
fn permissions(exception: &Exception) -> Vec<String> {
    let all: BTreeSet<&String> = exception.doors.iter().map(|opened| &opened.permission).collect();
    all.into_iter().cloned().collect()
}

fn card(bundle: &Bundle<'_>) -> Node {
    let title = match bundle.all.as_slice() {
        [only] => only.delegation.clone(),
        several => format!("{} delegations", several.len()),
    };
    let all: BTreeSet<String> = bundle.all.iter().flat_map(|e| permissions(e)).collect();
    let hint = bundle.all.iter().take(COLUMN_LIMIT).map(|e| hint(e));
    Node {
        title,
        lists: vec![all.into_iter().collect(), vec![when(bundle)], vec![who(bundle)]],
        hint: hint.collect::<Vec<_>>().join("\n"),
    }
}

fn when(bundle: &Bundle<'_>) -> String {
    let ends: BTreeSet<&str> = bundle.all.iter().map(|e| e.expires.day()).collect();
    match (bundle.all.as_slice(), ends.first(), ends.last()) {
        ([only], ..) => format!("{} until {}", only.not_before.day(), only.expires.day()),
        (_, Some(first), Some(last)) if first != last => format!("until {first} … {last}"),
        (_, first, _) => format!("until {}", first.unwrap_or(&"?")),
    }
}

fn who(bundle: &Bundle<'_>) -> String {
    let any = bundle.all.iter().any(|e| e.principals == Principals::Any);
    let named = bundle.all.iter().map(|e| match &e.principals {
        Principals::Any => 0,
        Principals::Only(names) => names.len(),
    });
    let who = match (any, named.sum::<usize>()) {
        (true, _) => "any principal".to_owned(),
        (false, 1) => "1 principal".to_owned(),
        (false, several) => format!("{several} principals"),
    };
    match bundle.all.as_slice() {
        [only] if !only.consent.reference.is_empty() => {
            format!("{who}, consent {}", only.consent.reference)
        }
        _ => who,
    }
}

fn hint(exception: &Exception) -> String {
    let doors = exception.doors.iter();
    let doors: Vec<String> =
        doors.map(|o| format!("{} {} ({})", o.door.method, o.door.route, o.permission)).collect();
    let Exception { acting, resource, delegation, not_before, expires, .. } = exception;
    format!(
        "{delegation}: {acting} in data of {resource}, {not_before} until {expires}: {}",
        doors.join(", ")
    )
}

/// The tenants that are in no delegation, those for whom the same issuers speak together.
fn others<'r>(reach: &'r Reach, drawn: &Groups<'r>) -> Vec<BTreeSet<&'r str>> {
    let drawn: BTreeSet<&str> = drawn.groups.iter().flatten().copied().collect();
    let mut of_issuers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (issuer, at) in reach.issuers.iter().zip(0..) {
        if let Names::Only(names) = &issuer.tenants {
            names.iter().for_each(|name| of_issuers.entry(name).or_default().push(at));
        }
    }
    let mut groups: BTreeMap<&[usize], BTreeSet<&str>> = BTreeMap::new();
    for tenant in reach.classes.iter().flat_map(|class| &class.tenants) {
        if !drawn.contains(tenant.as_str()) {
            let own = of_issuers.get(tenant.as_str()).map(Vec::as_slice).unwrap_or_default();
            groups.entry(own).or_default().insert(tenant);
        }
    }
    if groups.len() > COLUMN_LIMIT {
        let (own, rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(own, _)| own.is_empty());
        let rest: BTreeSet<&str> = rest.into_iter().flat_map(|(_, group)| group).collect();
        return own.into_iter().map(|(_, group)| group).chain([rest]).collect();
    }
    groups.into_values().collect()
}

/// The issuers, and for which of the groups they may speak. Too many are grouped by that.
fn speakers(reach: &Reach, groups: &[BTreeSet<&str>]) -> (Vec<Node>, BTreeSet<(usize, usize)>) {
    let mut by_effect: BTreeMap<(Vec<usize>, String), Vec<&Issuer>> = BTreeMap::new();
    let are_many = reach.issuers.len() > COLUMN_LIMIT;
    for (issuer, nth) in reach.issuers.iter().zip(0usize..) {
        let speaks_for = |group: &BTreeSet<&str>| match &issuer.tenants {
            Names::Any => true,
            Names::Only(names) => names.iter().any(|name| group.contains(name.as_str())),
        };
        let targets = groups.iter().zip(0..).filter(|(g, _)| speaks_for(g)).map(|(_, at)| at);
        let own = if are_many { String::new() } else { format!("{nth:09}") };
        by_effect.entry((targets.collect(), own)).or_default().push(issuer);
    }
    let mut nodes = Vec::new();
    let mut speaks = BTreeSet::new();
    let mut effects: Vec<_> = by_effect.into_iter().collect();
    effects.sort_by_key(|((targets, own), _)| (std::cmp::Reverse(targets.len()), own.clone()));
    for (((targets, _), issuers), at) in effects.into_iter().zip(0..) {
        nodes.push(issuer_node(&issuers));
        speaks.extend(targets.into_iter().map(|target| (at, target)));
    }
    (nodes, speaks)
}

fn issuer_node(issuers: &[&Issuer]) -> Node {
    let names = |names: &Names, what: &str| match names {
        Names::Any => vec![format!("any {what}")],
        Names::Only(names) if names.len() == 1 => vec![format!("{what} {}", names.join(""))],
        Names::Only(names) => vec![format!("{} {what}s", names.len())],
    };
    let hint: Vec<&str> =
        issuers.iter().take(COLUMN_LIMIT).map(|issuer| issuer.issuer.as_str()).collect();
    match issuers {
        [only] => Node {
            title: only.issuer.trim_start_matches("https://").to_owned(),
            lists: vec![[names(&only.tenants, "tenant"), names(&only.roles, "role")].concat()],
            hint: only.issuer.clone(),
        },
        several => Node {
            title: format!("{} issuers", several.len()),
            lists: vec![several.iter().map(|i| i.issuer.replace("https://", "")).collect()],
            hint: hint.join("\n"),
        },
    }
}

fn tenant_node(group: &BTreeSet<&str>, what: &str) -> Node {
    let names: Vec<String> = group.iter().map(|name| (*name).to_owned()).collect();
    let hint: Vec<&str> = group.iter().take(COLUMN_LIMIT).copied().collect();
    match names.as_slice() {
        [only] => Node { title: format!("{what}{only}"), lists: Vec::new(), hint: only.clone() },
        _ => Node {
            title: format!("{what}{} tenants", names.len()),
            lists: vec![names],
            hint: hint.join(", "),
        },
    }
}

fn warning(reach: &Reach) -> Option<String> {
    let first = reach.unenforced.first()?;
    let example = format!("{} {} ({})", first.door.method, first.door.route, first.mode);
    Some(match reach.unenforced.len() {
        1 => format!("Not enforced: {example}"),
        several => format!("Not enforced: {example} and {} more", several - 1),
    })
}

fn idle(reach: &Reach) -> Option<String> {
    match reach.idle.len() {
        0 => None,
        1 => Some("1 delegation opens nothing and is not drawn.".to_owned()),
        several => Some(format!("{several} delegations open nothing and are not drawn.")),
    }
}
