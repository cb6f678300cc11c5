//! Embeds the built page, `web/dist`: writes `page.rs` with its index and its assets, each also compressed. Names the
//! commit that is built.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use flate2::{Compression, write::GzEncoder};

fn main() -> io::Result<()> {
    name_the_commit();
    embed_the_page()
}

/// Sets `TEAMNOTES_COMMIT` and, in seconds since 1970, `TEAMNOTES_COMMIT_TIME` for the code: from git, or outside a
/// checkout from the environment, if it has them. `SOURCE_DATE_EPOCH` is what packagers call that time.
fn name_the_commit() {
    let commit = git(&["rev-parse", "HEAD"]).or_else(|| variable("TEAMNOTES_COMMIT"));
    let time = git(&["log", "-1", "--format=%ct"]).or_else(|| variable("SOURCE_DATE_EPOCH"));
    for (name, value) in [("TEAMNOTES_COMMIT", commit), ("TEAMNOTES_COMMIT_TIME", time)] {
        if let Some(value) = value {
            println!("cargo::rustc-env={name}={value}");
        }
    }
    // It changes with each commit and checkout.
    if let Some(log) = git(&["rev-parse", "--path-format=absolute", "--git-path", "logs/HEAD"])
        && Path::new(&log).exists()
    {
        println!("cargo::rerun-if-changed={log}");
    }
}

/// What git prints, if this is a checkout of the project and not a copy inside another one.
fn git(arguments: &[&str]) -> Option<String> {
    let package = package().ok()?;
    let root = package.parent()?;
    let run = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim_end().to_owned())
    };
    let checkout = PathBuf::from(run(&["rev-parse", "--show-toplevel"])?);
    if checkout.canonicalize().ok()? == root.canonicalize().ok()? { run(arguments) } else { None }
}

fn variable(name: &str) -> Option<String> {
    println!("cargo::rerun-if-env-changed={name}");
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The directory of this package. The script may have been compiled in another one, since a target directory can be copied.
fn package() -> io::Result<PathBuf> {
    Ok(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?.into())
}

fn embed_the_page() -> io::Result<()> {
    let built = package()?.join("../web/dist");
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
