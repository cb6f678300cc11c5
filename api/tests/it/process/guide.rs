//! Every command of docs/OPERATIONS.md, as an operator would type it.

use std::{env, fs, path::Path, process::Command};

use testkit::TestDatabase;

use super::{SECRET, Served, run, text};

const GUIDE: &str = include_str!("../../../../docs/OPERATIONS.md");

/// The guide's blocks of commands for this database, and what is said of each; plain `sh` is for both databases.
fn blocks(database: &str) -> Vec<(&'static str, &'static str)> {
    let fenced = GUIDE.split("```").skip(1).step_by(2);
    let of_shell = fenced.filter_map(|block| block.strip_prefix("sh")).filter_map(|block| {
        let (kind, commands) = block.split_once('\n')?;
        let which = kind.split_whitespace().next().unwrap_or_default();
        ["", database].contains(&which).then_some((kind, commands))
    });
    of_shell.collect()
}

/// Runs the commands, with the binary under test as `teamnotes`.
fn shell(directory: &Path, settings: &[(&str, &str)], commands: &str) {
    let bin = Path::new(env!("CARGO_BIN_EXE_teamnotes")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-euc", commands]).current_dir(directory).env_clear();
    let output = shell.env("PATH", path).envs(settings.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{commands}\n{output:?}");
}

#[tokio::test]
async fn the_commands_of_the_guide_do_what_it_says() {
    let database = TestDatabase::empty().await;
    let on_postgres = [
        ("DATABASE_URL", database.url()),
        ("SECRET", SECRET),
        ("ADMIN_USERNAME", "admin"),
        ("ADMIN_PASSWORD", "walnut-harbour-42"),
    ];
    // On SQLite the guide uses the default file.
    let (name, settings) =
        if database.is_postgres() { ("postgres", &on_postgres[..]) } else { ("sqlite", &[][..]) };
    let new = TestDatabase::empty().await;
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    fs::write(here.join("new-password"), "walnut-harbour-43\n").unwrap();
    let blocks = blocks(name);
    assert!(blocks.len() >= 7, "{blocks:?}");
    for (kind, commands) in blocks {
        // No service runs while the database file is replaced. Otherwise one does, and has brought the
        // schema up to date again.
        let served = (!kind.ends_with("stopped")).then(|| Served::start(here, settings));
        let port = served.as_ref().map_or("", |served| served.port());
        let more = [("PORT", port), ("NEW_DATABASE_URL", new.url())];
        shell(here, &[settings, &more].concat(), commands);
    }
    let users = run(here, settings, &["user", "list"]);
    assert!(text(&users.stdout).contains("\n1   admin     admin  enabled "), "{users:?}");
    assert_eq!(new.number("SELECT COUNT(*) FROM users").await, 1);
}
