//! Dependencies inside `api` go one way.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The parts of `api/src`, each of which knows only those before it.
const PARTS: [&str; 5] = ["http", "resources", "routes", "server", "cli"];

fn files(path: PathBuf) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path];
    }
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(files).collect()
}

/// Whether the code has a path that starts with this module, comments aside.
fn names(code: &str, module: &str) -> bool {
    let lines = code.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    let paths =
        lines.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && !"_:".contains(c)));
    let mut paths = paths.map(|path| path.strip_prefix("crate::").unwrap_or(path));
    paths.any(|path| path.strip_prefix(module).is_some_and(|rest| rest.starts_with("::")))
}

#[test]
fn each_part_names_only_those_before_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (index, part) in PARTS.iter().enumerate() {
        let directory = source.join(part);
        let path = if directory.is_dir() { directory } else { source.join(format!("{part}.rs")) };
        for file in files(path) {
            let code = fs::read_to_string(&file).unwrap_or_default();
            for later in &PARTS[index + 1..] {
                assert!(!names(&code, later), "{} names {later}", file.display());
            }
        }
    }
}

#[test]
fn a_path_in_a_tree_is_found() {
    assert!(names("use crate::{http::Network, server::Settings};", "server"));
    assert!(names("    server::{Application, Settings},", "server"));
    assert!(names("let json = crate::routes::document_json();", "routes"));
    assert!(!names("// server::Settings", "server"));
    assert!(!names("actix_server::x; crate::http::server_name::y;", "server"));
}
