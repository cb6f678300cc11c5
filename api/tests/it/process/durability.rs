//! No acknowledged write is lost, whenever the service is killed.

use std::time::Duration;

use testkit::{Rows, Tally, TestDatabase, Writers};

use super::{SECRET, Served, run, text};

const ROUNDS: u64 = 50;

/// When the service is killed, in milliseconds: early and late moments in turn.
fn moment(round: u64) -> Duration {
    Duration::from_millis(10 + round * 37 % ROUNDS * 8)
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_writes_survive_a_kill_at_any_moment_exactly_once() {
    let database = TestDatabase::migrated().await;
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let settings =
        [("DATABASE_URL", database.url()), ("SECRET", SECRET), ("LOGIN_RATE_LIMIT", "off")];
    let start = || Served::start(here, &settings);
    let url = |served: &Served| format!("http://{}", served.address);

    let mut served = start();
    let mut writers = Writers::sign_up(&url(&served)).await;
    let mut tally = Tally::default();
    for round in 0..ROUNDS {
        let kill = async {
            tokio::time::sleep(moment(round)).await;
            served.child.kill().unwrap();
        };
        let ((), answers) = writers.write_until(kill).await;
        tally += answers;
        served.ended();
        served = start();
        writers.move_to(&url(&served));
        writers.check().await;
    }
    assert!(tally.acknowledged > 200 && tally.unanswered > 200, "nothing was risked: {tally:?}");
    assert_eq!(tally.refused, 0);

    let Rows { notes, marks, memberships } = writers.check_all().await;
    for (rows, counted) in [
        ("COUNT(*) FROM notes", notes),
        ("COUNT(DISTINCT content) FROM notes", notes),
        ("COUNT(*) FROM user_notes", marks),
        ("COUNT(*) FROM memberships", memberships),
    ] {
        assert_eq!(database.number(&format!("SELECT {rows}")).await, counted, "{rows}");
    }
    let doctor = run(here, &settings, &["doctor"]);
    let told = text(&doctor.stdout);
    assert!(doctor.status.success(), "{told}");
    assert!(database.is_postgres() || told.contains("ok    integrity: "), "{told}");
}
