//! Lists `corpus/*.json` for `include_str!`, so that the same tables are there under Node, where
//! there is no file system, and a new table needs no mention anywhere else. Two files come out:
//! the tables themselves, and one `wasm_bindgen_test` for each of them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let corpus = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("corpus");
    println!("cargo::rerun-if-changed={}", corpus.display());
    let tables = tables(&corpus)?;

    let mut list = String::from("&[\n");
    let mut tests = String::new();
    for (name, path) in &tables {
        let _ = writeln!(list, "    ({name:?}, include_str!({:?})),", path.display().to_string());
        let function: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let _ = writeln!(tests, "#[wasm_bindgen_test]\nfn {function}() {{ run_table({name:?}); }}");
    }
    list.push(']');

    let out = PathBuf::from(env::var("OUT_DIR").unwrap_or_default());
    fs::write(out.join("corpus_tables.rs"), list)?;
    fs::write(out.join("corpus_wasm_tests.rs"), tests)
}

/// The tables by name, in order; the personas are not a table.
fn tables(corpus: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut tables = Vec::new();
    for entry in fs::read_dir(corpus)? {
        let path = entry?.path();
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|e| e == "json") && name != "subjects" {
            tables.push((name, path));
        }
    }
    tables.sort();
    Ok(tables)
}
