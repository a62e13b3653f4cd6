//! Callbacks that a filter does nothing in. The proxy-wasm SDK exports all there are, and Envoy makes
//! each that is exported, which costs a request a crossing into the VM and back. So they are taken
//! out of the exports of the built module; Envoy takes an absent one for "go on".

use std::convert::Infallible;
use std::path::Path;
use std::{fs, io};

use anyhow::{Context as _, Result, ensure};
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{ExportSection, Module};
use wasmparser::{Export, Parser};

use crate::steps::shown_path;

/// A callback: what the module exports, and the method that a filter written in Rust implements.
pub(crate) struct Callback {
    export: &'static str,
    method: &'static str,
}

const fn callback(export: &'static str, method: &'static str) -> Callback {
    Callback { export, method }
}

/// What Envoy calls for a request and the TenantGuard filter does nothing in.
pub(crate) const OF_NO_USE: [Callback; 2] = [
    callback("proxy_on_response_body", "on_http_response_body"),
    callback("proxy_on_response_trailers", "on_http_response_trailers"),
];

/// All that Envoy calls for a request but the one with its headers.
pub(crate) const BEYOND_REQUEST_HEADERS: [Callback; 7] = [
    callback("proxy_on_request_body", "on_http_request_body"),
    callback("proxy_on_request_trailers", "on_http_request_trailers"),
    callback("proxy_on_response_headers", "on_http_response_headers"),
    callback("proxy_on_response_body", "on_http_response_body"),
    callback("proxy_on_response_trailers", "on_http_response_trailers"),
    callback("proxy_on_done", "on_done"),
    callback("proxy_on_log", "on_log"),
];

/// Fails if a filter implements what is to be taken from it: it would never be called.
pub(crate) fn check_unimplemented(source: &Path, callbacks: &[Callback]) -> Result<()> {
    for file in rust_files(source).with_context(|| format!("read {}", shown_path(source)))? {
        let text = fs::read_to_string(&file)?;
        for Callback { method, .. } in callbacks {
            ensure!(
                !text.contains(&format!("fn {method}(")),
                "{} implements {method}, which the build takes out of the filter: take it out of \
                 the list in xtask/src/callbacks.rs",
                shown_path(&file)
            );
        }
    }
    Ok(())
}

fn rust_files(directory: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

/// Writes the module without these callbacks.
pub(crate) fn take_out(built: &Path, callbacks: &[Callback], written: &Path) -> Result<()> {
    let module = fs::read(built).with_context(|| format!("read {}", shown_path(built)))?;
    let module = without(&module, callbacks).with_context(|| shown_path(built))?;
    fs::write(written, module).with_context(|| format!("write {}", shown_path(written)))
}

fn without(module: &[u8], callbacks: &[Callback]) -> Result<Vec<u8>> {
    let mut rest = Rest { without: callbacks, taken_out: Vec::new() };
    let mut written = Module::new();
    rest.parse_core_module(&mut written, Parser::new(0), module)?;
    for Callback { export, .. } in callbacks {
        ensure!(
            rest.taken_out.iter().any(|name| name == export),
            "it does not export {export}, which was to be taken out: the proxy-wasm SDK has \
             changed. Compare its exports with the lists in xtask/src/callbacks.rs"
        );
    }
    Ok(written.finish())
}

/// Copies a module but for some exports.
struct Rest<'a> {
    without: &'a [Callback],
    taken_out: Vec<String>,
}

impl Reencode for Rest<'_> {
    type Error = Infallible;

    fn parse_export(
        &mut self,
        exports: &mut ExportSection,
        export: Export<'_>,
    ) -> Result<(), reencode::Error> {
        if self.without.iter().any(|callback| callback.export == export.name) {
            self.taken_out.push(export.name.to_owned());
            return Ok(());
        }
        reencode::utils::parse_export(self, exports, export)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{CodeSection, ExportKind, Function, FunctionSection, TypeSection};

    /// A module with one function under all these names.
    fn module(exported: &[&str]) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut exports = ExportSection::new();
        for name in exported {
            exports.export(name, ExportKind::Func, 0);
        }
        let mut body = Function::new([]);
        body.instructions().end();
        let mut code = CodeSection::new();
        code.function(&body);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&exports).section(&code);
        module.finish()
    }

    #[test]
    fn what_is_of_no_use_is_taken_out_and_the_rest_stays() {
        let all =
            ["proxy_on_log", "proxy_on_response_body", "proxy_on_response_trailers", "memory"];
        let rest = without(&module(&all), &OF_NO_USE).expect("the module is whole");
        assert_eq!(rest, module(&["proxy_on_log", "memory"]));
    }

    #[test]
    fn a_callback_that_is_not_there_is_an_error() {
        let error = without(&module(&["proxy_on_response_body"]), &OF_NO_USE).unwrap_err();
        assert!(error.to_string().contains("proxy_on_response_trailers"), "{error}");
    }

    #[test]
    fn a_callback_that_the_filter_implements_cannot_be_taken_from_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let source = directory.path().join("deep/inside");
        fs::create_dir_all(&source).expect("a directory");
        for (text, is_free) in [
            ("fn on_http_response_headers(&mut self) {}", true),
            ("fn on_http_response_body(&mut self) {}", false),
        ] {
            fs::write(source.join("stream.rs"), text).expect("a file");
            let checked = check_unimplemented(directory.path(), &OF_NO_USE);
            assert_eq!(checked.is_ok(), is_free, "{text}");
        }
    }
}
