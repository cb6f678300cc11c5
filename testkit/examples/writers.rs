//! Eight users who write to the service at `SERVICE_URL` while its database is killed over and over, by
//! `scripts/kill-postgres`.
//!
//! Each line on standard input says that the database is back. The reply is a line with the time until
//! the service answered 200, how the writes since the last line were answered, and that everything
//! acknowledged is there exactly once. At the end of the input come the totals.

#![expect(clippy::expect_used, reason = "a check that can't continue fails on the spot")]

use std::{
    env,
    io::{self, BufRead},
    time::{Duration, Instant},
};

use testkit::{Client, Rows, Tally, Writers};
use tokio::time::sleep;

/// Within this time the service must answer again.
const LIMIT: Duration = Duration::from_secs(5);

/// How long the writers continue after that.
const AFTERWARDS: Duration = Duration::from_millis(300);

#[tokio::main]
async fn main() {
    let url = env::var("SERVICE_URL").expect("SERVICE_URL is set");
    let anyone = Client::of(&url);
    let mut writers = Writers::sign_up(&url).await;
    println!("everyone is signed up");
    loop {
        let until_it_answers = async {
            if !is_told().await {
                return None;
            }
            let told = Instant::now();
            while anyone.get("/api/notes").await.status != 200 {
                sleep(Duration::from_millis(10)).await;
            }
            let answered = told.elapsed();
            sleep(AFTERWARDS).await;
            Some(answered)
        };
        let (answered, tally) = writers.write_until(until_it_answers).await;
        let Tally { acknowledged, refused, unanswered } = tally;
        assert_eq!(unanswered, 0, "the service broke a connection");
        let Some(answered) = answered else { break };
        assert!(answered < LIMIT, "the service took {answered:?} to answer again");
        writers.check().await;
        println!(
            "answers after {} ms; {acknowledged} writes acknowledged, all there; {refused} refused",
            answered.as_millis()
        );
    }
    let Rows { notes, marks, memberships } = writers.check_all().await;
    println!("{notes} notes, {marks} marks, {memberships} memberships");
}

/// Whether another line was read.
async fn is_told() -> bool {
    let line = || io::stdin().lock().lines().next();
    let line = tokio::task::spawn_blocking(line).await.expect("reads");
    line.is_some_and(|line| line.is_ok())
}
