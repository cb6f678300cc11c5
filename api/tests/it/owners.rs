//! No team that has members is left without an owner, whatever users do at the same time.

use std::sync::{Arc, RwLock};

use reqwest::Method;
use serde_json::{Value, json};
use service::DbSettings;
use testkit::{Answer, Client, TestApp};
use tokio::task::JoinSet;

/// The number of operations of all workers together.
const OPERATIONS: usize = 300;

/// How many operations run at once, half of them on each of two instances.
const WORKERS: usize = 6;

/// How many users there are at any time.
const USERS: usize = 6;

/// How many teams there are.
const TEAMS: usize = 3;

/// A reproducible choice: the numbers of a linear congruential generator.
struct Choice(u64);

impl Choice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// The users and teams of the mix. A user who is deleted is replaced by a new one.
struct Mix {
    apps: [TestApp; 2],
    admin: Client,
    users: RwLock<Vec<Client>>,
    /// A team whose last member was deleted is replaced by a new one.
    teams: RwLock<Vec<Value>>,
}

impl Mix {
    async fn start() -> Self {
        let first = TestApp::start().await;
        let database = DbSettings::new(first.database.url());
        let second = TestApp::start_with(|settings| settings.database = database).await;
        let admin = first.admin().await;
        let mut users = Vec::new();
        for number in 0..USERS {
            users.push(first.user(&format!("user-{number}")).await);
        }
        let mut teams = Vec::new();
        for (number, user) in users.iter().take(TEAMS).enumerate() {
            let new = json!({ "name": format!("Team {number}") });
            teams.push(user.post("/api/teams", new).await.created()["id"].clone());
        }
        let (users, teams) = (RwLock::new(users), RwLock::new(teams));
        Self { apps: [first, second], admin, users, teams }
    }

    /// The client as a client of this instance.
    fn on(&self, instance: usize, client: &Client) -> Client {
        let mut there = self.apps[instance].anonymous();
        (there.id, there.token) = (client.id, client.token.clone());
        there
    }

    async fn replace(&self, user: &Client, username: &str) {
        let new = self.apps[0].user(username).await;
        if let Some(slot) = self.users.write().unwrap().iter_mut().find(|slot| slot.id == user.id) {
            *slot = new.clone();
        }
        for number in 0..TEAMS {
            let id = self.teams.read().unwrap()[number].clone();
            if new.get(&format!("/api/teams/{id}")).await.status == 404 {
                let team = json!({ "name": format!("Team {number} of {username}") });
                let id = new.post("/api/teams", team).await.created()["id"].clone();
                self.teams.write().unwrap()[number] = id;
            }
        }
    }

    /// Does something at random, and returns what it was and what the answer was.
    async fn act(&self, instance: usize, choice: &mut Choice, name: &str) -> (String, Answer) {
        let users = self.users.read().unwrap().clone();
        let (chosen, other) = (choice.of(&users), choice.of(&users));
        let (actor, admin) = (self.on(instance, &chosen), self.on(instance, &self.admin));
        let teams = self.teams.read().unwrap().clone();
        let members = format!("/api/teams/{}/members", choice.of(&teams));
        let (own, others) = (format!("{members}/{}", actor.id), format!("{members}/{}", other.id));
        let role = json!({ "role": choice.of(&["owner", "member"]) });
        match choice.below(10) {
            0 | 1 => (format!("set {others} to {role}"), actor.put(&others, role).await),
            2 => {
                let owner = json!({ "role": "owner" });
                (format!("admin makes {others} an owner"), admin.put(&others, owner).await)
            }
            3 => {
                let path = format!("/api/users/{}/teams/{}", other.id, choice.of(&teams));
                let owner = json!({ "role": "owner" });
                (format!("admin makes {path} an owner's"), admin.put(&path, owner).await)
            }
            4 => (format!("demote {own}"), actor.put(&own, json!({ "role": "member" })).await),
            5 => (format!("leave {own}"), actor.delete(&own).await),
            6 => (format!("remove {others}"), actor.delete(&others).await),
            7 => {
                let ids = json!({ "user_ids": [actor.id, other.id] });
                (format!("set {members} to {ids}"), actor.put(&members, ids).await)
            }
            deletion => {
                let by = if deletion == 8 { &actor } else { &admin };
                let answer = by.delete(&format!("/api/users/{}", actor.id)).await;
                if answer.status == 204 {
                    self.replace(&chosen, name).await;
                }
                (format!("delete {}", actor.id), answer)
            }
        }
    }

    async fn teams_without_owner(&self) -> i64 {
        let members = "SELECT * FROM memberships m WHERE m.team_id = t.id";
        let sql = format!(
            "SELECT COUNT(*) FROM teams t WHERE EXISTS ({members}) \
             AND NOT EXISTS ({members} AND m.role = 'owner')"
        );
        self.apps[0].database.number(&sql).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_team_with_members_has_an_owner_after_any_mix_on_two_instances() {
    let mix = Arc::new(Mix::start().await);
    let mut succeeded = 0;
    for round in 0..OPERATIONS / WORKERS {
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            let (mix, number) = (mix.clone(), round * WORKERS + worker);
            workers.spawn(async move {
                let mut choice = Choice(number as u64 + 1);
                choice.below(1);
                mix.act(worker % 2, &mut choice, &format!("new-{number}")).await
            });
        }
        let done = workers.join_all().await;
        for (what, answer) in &done {
            let status = answer.status.as_u16();
            // 401 and 404: the user was deleted. 422: one of the members to be was.
            assert!(
                [200, 201, 204, 401, 403, 404, 409, 422].contains(&status),
                "{what}: {answer:?}"
            );
            succeeded += usize::from(answer.status.is_success());
        }
        let what: Vec<_> = done.iter().map(|(what, answer)| (what, answer.status)).collect();
        assert_eq!(mix.teams_without_owner().await, 0, "round {round}: {what:#?}");
    }
    assert!(succeeded > OPERATIONS / 4, "only {succeeded} of {OPERATIONS} did anything");
}

#[tokio::test]
async fn nobody_is_made_an_owner_while_being_deleted() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let heir = app.user("heir").await;
    for round in 0..30 {
        let user = app.user(&format!("user-{round}")).await;
        let name = json!({ "name": format!("Team {round}") });
        let id = heir.post("/api/teams", name).await.created()["id"].clone();
        let path = format!("/api/teams/{id}/members");
        let user_path = format!("/api/users/{}", user.id);
        let (owner, member) = (json!({ "role": "owner" }), json!({ "role": "member" }));
        let (own, heirs) = (format!("{path}/{}", user.id), format!("{path}/{}", heir.id));
        let passes_on = async {
            let made = admin.put(&own, owner).await.status.as_u16();
            (made, heir.put(&heirs, member).await.status.as_u16())
        };
        let ((made, demoted), deleted) = tokio::join!(passes_on, admin.delete(&user_path));
        deleted.no_content();
        assert!([201, 404].contains(&made) && [200, 409].contains(&demoted), "{made} {demoted}");
        let roles: Vec<Value> = app.anonymous().get(&path).await.ok().as_array().unwrap().clone();
        assert_eq!(roles.len(), 1, "round {round}: {roles:?}");
        assert_eq!(roles[0]["role"], "owner", "round {round}: made {made}, demoted {demoted}");
        heir.send(Method::DELETE, &format!("/api/teams/{id}"), None).await.no_content();
    }
}
