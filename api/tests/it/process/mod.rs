//! The binary, run as its users run it.

mod backup;
mod commands;
mod data;
mod disk_full;
mod durability;
mod guide;
mod idempotency;
mod migrating;
mod output;
mod postgres;
mod readme;
mod serving;
mod settings;
mod upgrading;

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The binary in this directory, with these settings only.
fn teamnotes(directory: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_teamnotes"));
    command.args(arguments).current_dir(directory).env_clear();
    command.envs(settings.iter().copied());
    command
}

fn run(directory: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    teamnotes(directory, settings, arguments).output().unwrap()
}

/// How many migrations there are.
fn migrations() -> usize {
    testkit::migrations().len()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// A running service, killed on drop unless it was stopped before.
pub(crate) struct Served {
    child: Child,
    /// What it prints before it listens.
    greeting: Vec<String>,
    address: String,
    stdout: BufReader<ChildStdout>,
}

impl Served {
    /// Starts it on any port and waits until it listens.
    pub(crate) fn start(directory: &Path, settings: &[(&str, &str)]) -> Self {
        Self::wait_for(Self::spawn(directory, settings))
    }

    fn wait_for(mut child: Child) -> Self {
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = Vec::new();
        let address = loop {
            let mut line = String::new();
            assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "it ended: {greeting:?}");
            if let Some(address) = line.trim_end().strip_prefix("Teamnotes is listening on http://")
            {
                break address.to_owned();
            }
            greeting.push(line);
        };
        Self { child, greeting, address, stdout }
    }

    fn spawn(directory: &Path, settings: &[(&str, &str)]) -> Child {
        let mut command = teamnotes(directory, settings, &["serve"]);
        command.env("PORT", "0").stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// The next line that it prints.
    fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    /// Its address and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// How many files it has open.
    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    fn port(&self) -> &str {
        self.address.rsplit_once(':').unwrap().1
    }

    fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Waits for the service to exit, for a limited time, and returns the exit status.
    fn ended(mut self) -> i32 {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(started.elapsed() < Duration::from_secs(10), "it does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        self.send_as("", method, path, body).await
    }

    async fn send_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request =
            reqwest::Client::new().request(method, format!("http://{}{path}", self.address));
        if let Some(body) = body {
            request = request.json(&body);
        }
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }
}

impl Served {
    /// Signs a user up, logs in, and returns the token.
    async fn user(&self, username: &str) -> String {
        let user =
            json!({ "username": username, "name": username, "password": "walnut-harbour-42" });
        assert_eq!(self.send(Method::POST, "/api/users", Some(user.clone())).await.0, 201);
        let (_, answer) = self.send(Method::POST, "/api/login", Some(user)).await;
        answer["token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command that reads a password, which must succeed, and returns its output.
fn with_password(directory: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = teamnotes(directory, settings, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"walnut-harbour-42\n").unwrap();
    child.wait_with_output().unwrap()
}
