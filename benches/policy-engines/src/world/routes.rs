//! The ten routes of each resource: collections, items, what hangs below an item, and two whose
//! path names the tenant whose data it is.

use super::{permission, resource};

/// A route of the policy.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its template, such as `/api/v1/sales-orders/{id}`.
    pub template: String,
    /// The permission for each method.
    pub methods: Vec<(&'static str, String)>,
    /// The resource's place among all.
    pub resource: usize,
    /// Whether `{tenant}` in the path says whose data it is.
    pub names_tenant: bool,
}

/// What follows the resource's name, whether a tenant stands before it, and the methods.
type Shape = (&'static str, bool, &'static [(&'static str, &'static str)]);

const SHAPES: [Shape; 10] = [
    ("", false, &[("GET", "read"), ("POST", "write")]),
    ("/{id}", false, &[("GET", "read"), ("PUT", "write"), ("DELETE", "delete")]),
    ("/{id}/share", false, &[("POST", "share")]),
    ("/{id}/comments", false, &[("GET", "read"), ("POST", "write")]),
    ("/{id}/comments/{comment}", false, &[("GET", "read"), ("DELETE", "delete")]),
    ("/{id}/versions", false, &[("GET", "read")]),
    ("/{id}/versions/{version}", false, &[("GET", "read"), ("DELETE", "delete")]),
    ("/export", false, &[("GET", "read")]),
    ("", true, &[("GET", "read"), ("POST", "write")]),
    ("/{id}", true, &[("GET", "read"), ("PUT", "write"), ("DELETE", "delete")]),
];

/// All routes of the resource at that place.
pub(super) fn of_resource(nth: usize) -> impl Iterator<Item = Route> {
    let name = resource(nth);
    SHAPES.into_iter().map(move |(tail, names_tenant, methods)| Route {
        template: match names_tenant {
            true => format!("/api/v1/tenants/{{tenant}}/{name}{tail}"),
            false => format!("/api/v1/{name}{tail}"),
        },
        methods: methods
            .iter()
            .map(|(method, action)| (*method, permission(nth, action)))
            .collect(),
        resource: nth,
        names_tenant,
    })
}
