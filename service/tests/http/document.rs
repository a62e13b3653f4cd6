//! The API document: the one in the repository is the one that is served, and it describes every
//! route.

use std::fs;
use std::path::Path;

use crate::rig::{Rig, request};

#[test]
fn the_document_in_the_repository_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let current = tenantguard_service::openapi::text();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&path, &current).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "service/openapi.json is not current; write it anew with \
         `UPDATE_OPENAPI=1 cargo test -p tenantguard-service --test http document`"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_served_to_everybody() {
    let rig = Rig::new().await;
    let answer = rig.ask(&request("GET", "/openapi.json", &[], "")).await;
    let document = answer.json();
    assert_eq!(document["openapi"].as_str().map(|version| version.starts_with("3.1")), Some(true));
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 20, "{:?}", paths.keys());
    let mut names = std::collections::BTreeSet::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let is_told = operation["summary"].as_str().is_some_and(|summary| !summary.is_empty());
            assert!(is_told, "{method} {path} has no summary");
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is the name of two operations");
            assert!(operation["responses"].as_object().is_some_and(|all| !all.is_empty()));
        }
    }
    let about = document["info"]["description"].as_str().unwrap();
    assert!(about.contains("## The lease") && about.contains("| `tenant.forbidden` | 403 |"));
}
