//! Embeds the built page, `web/dist`: writes `page.rs` with its index and its assets, each also compressed.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};

fn main() -> io::Result<()> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/dist");
    println!("cargo::rerun-if-changed={}", built.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let mut assets = String::new();
    for path in files(&built.join("assets"))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let compressed = out.join(format!("{name}.gz"));
        fs::write(&compressed, gzip(&fs::read(&path)?)?)?;
        let (plain, compressed) = (path.display(), compressed.display());
        let _ = writeln!(
            assets,
            "    Asset {{ name: {name:?}, content: include_bytes!(r#\"{plain}\"#), \
             compressed: include_bytes!(r#\"{compressed}\"#) }},"
        );
    }
    let index = built.join("index.html");
    let source = format!(
        "const INDEX: &str = include_str!(r#\"{}\"#);\n\nconst ASSETS: &[Asset] = &[\n{assets}];\n",
        index.display()
    );
    fs::write(out.join("page.rs"), source)
}

/// The files of a directory by name; none if it does not exist.
fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let entries: io::Result<Vec<_>> = fs::read_dir(directory)?.collect();
    let mut paths: Vec<PathBuf> = entries?.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    Ok(paths)
}

fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}
