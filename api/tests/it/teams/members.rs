//! `/api/teams/{id}/members/{user}`: who belongs to a team, and as what.

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use super::{
    MEMBERS, TEAM, add, each, make, member, ops, roles, seen, set, set_disabled, set_role,
};

#[tokio::test]
async fn a_user_is_added_once_and_needs_no_body() {
    let (app, alice, _bob) = ops().await;
    let carol = app.user("carol").await;
    let added = add(&alice, "carol").await.created();
    let joined_at = &added["joined_at"];
    let expected = json!({ "id": carol.id, "username": "carol", "name": "Carol",
        "role": "member", "joined_at": joined_at });
    assert_eq!(added, expected);
    assert!(joined_at.as_str().is_some_and(|time| time.ends_with('Z')), "{added}");

    assert_eq!(add(&alice, "carol").await.ok(), added);
    assert_eq!(alice.put(&member("carol"), json!({})).await.ok(), added);
    let team = seen(&app).await;
    assert_eq!(roles(&team), ["alice owner", "bob member", "carol member"]);
    assert_eq!(team["users"][2], added);
    assert_eq!(team["user_count"], 3);
}

#[tokio::test]
async fn a_member_is_named_by_id_or_username() {
    let (app, alice, bob) = ops().await;
    let expected = seen(&app).await["users"][1].clone();
    for user in [bob.id.to_string(), "bob".into(), "BOB".into()] {
        assert_eq!(app.anonymous().get(&member(&user)).await.ok(), expected, "{user}");
        assert_eq!(add(&alice, &user).await.ok(), expected, "{user}");
    }
    let carol = app.user("carol").await;
    for user in [carol.id.to_string(), "carol".into()] {
        app.anonymous().get(&member(&user)).await.problem(404);
        add(&alice, &user).await.created();
        app.anonymous().get(&member(&user)).await.ok();
        alice.delete(&member(&user)).await.no_content();
    }
}

#[tokio::test]
async fn a_role_is_set_if_given_and_kept_otherwise() {
    let (app, alice, _bob) = ops().await;
    app.user("carol").await;
    let carol = set_role(&alice, "carol", "owner").await.created();
    assert_eq!(carol["role"], "owner");
    assert_eq!(set_role(&alice, "bob", "member").await.ok()["role"], "member");
    assert_eq!(set_role(&alice, "bob", "owner").await.ok()["role"], "owner");
    assert_eq!(add(&alice, "bob").await.ok()["role"], "owner");
    let change = json!({ "role": "member", "id": 9, "joined_at": "2001-01-01T00:00:00Z" });
    let changed = alice.send(Method::PATCH, &member("carol"), Some(change)).await.ok();
    assert_eq!(changed["role"], "member");
    assert_eq!(changed["id"], carol["id"]);
    assert_eq!(changed["joined_at"], carol["joined_at"]);
    assert_eq!(roles(&seen(&app).await), ["alice owner", "bob owner", "carol member"]);
}

#[tokio::test]
async fn a_new_owner_can_do_what_owners_can() {
    let (_app, alice, bob) = ops().await;
    set_role(&alice, "bob", "owner").await.ok();
    bob.put(TEAM, json!({ "name": "Bob's" })).await.ok();
    set_role(&bob, "alice", "member").await.ok();
    alice.put(TEAM, json!({ "name": "Alice's" })).await.problem(403);
    set_role(&alice, "alice", "owner").await.problem(403);
    bob.delete(TEAM).await.no_content();
}

#[tokio::test]
async fn an_unknown_role_is_rejected() {
    let (app, alice, _bob) = ops().await;
    app.user("carol").await;
    let before = seen(&app).await;
    for role in [json!("boss"), json!("Owner"), json!(""), json!(null), json!(1), json!([])] {
        for user in ["bob", "carol"] {
            let answer = alice.put(&member(user), json!({ "role": role })).await;
            assert!(answer.clone().problem(422).contains("role"), "{role}");
            assert_eq!(answer.pointers(), ["/role"], "{role}");
        }
    }
    assert_eq!(alice.put(&member("carol"), json!([])).await.pointers(), [""]);
    alice.send_raw(Method::PUT, &member("carol"), "application/json", "{").await.problem(400);
    assert_eq!(seen(&app).await, before);
}

#[tokio::test]
async fn an_unknown_user_cannot_become_a_member() {
    let (app, alice, _bob) = ops().await;
    let users = ["nobody", "4711", "0", "-1", "1.5", "99999999999999999999"];
    for user in users {
        let answers = [
            app.anonymous().get(&member(user)).await,
            add(&alice, user).await,
            set_role(&alice, user, "owner").await,
            alice.delete(&member(user)).await,
        ];
        for answer in answers {
            assert_eq!(answer.problem(404), "not found", "{user}");
        }
    }
    assert_eq!(seen(&app).await["user_count"], 2);
}

#[tokio::test]
async fn a_user_outside_the_team_is_not_found_in_it() {
    let (app, alice, _bob) = ops().await;
    let carol = app.user("carol").await;
    make(&carol, "Sales").await;
    for client in [&alice, &carol, &app.admin().await] {
        assert_eq!(client.get(&member("carol")).await.problem(404), "not found");
        assert_eq!(client.delete(&member("carol")).await.problem(404), "not found");
    }
    app.anonymous().get("/api/teams/2/members/carol").await.ok();
}

#[tokio::test]
async fn only_owners_and_admins_choose_the_members() {
    let (app, alice, bob) = ops().await;
    let carol = app.user("carol").await;
    let before = seen(&app).await;
    for other in [&bob, &carol] {
        let answers = [
            add(other, "carol").await,
            add(other, "bob").await,
            set_role(other, "bob", "owner").await,
            set(other, &[alice.id, bob.id, carol.id]).await,
            other.put(MEMBERS, json!({ "user_ids": [] })).await,
            other.delete(&member("alice")).await,
        ];
        for answer in answers {
            assert_eq!(answer.problem(403), "operation not allowed");
        }
    }
    carol.delete(&member("bob")).await.problem(403);
    assert_eq!(seen(&app).await, before);
}

#[tokio::test]
async fn choosing_members_needs_a_token() {
    let (app, alice, _bob) = ops().await;
    let before = seen(&app).await;
    let anonymous = app.anonymous();
    let answers = [
        add(&anonymous, "bob").await,
        set_role(&anonymous, "bob", "owner").await,
        set(&anonymous, &[alice.id]).await,
        anonymous.delete(&member("bob")).await,
    ];
    for answer in answers {
        assert_eq!(answer.problem(401), "token missing");
    }
    assert_eq!(seen(&app).await, before);
}

#[tokio::test]
async fn an_admin_chooses_the_members_of_any_team() {
    let (app, alice, bob) = ops().await;
    let (carol, admin) = (app.user("carol").await, app.admin().await);
    set_role(&admin, "carol", "owner").await.created();
    set_role(&admin, "bob", "owner").await.ok();
    admin.delete(&member("alice")).await.no_content();
    assert_eq!(roles(&seen(&app).await), ["bob owner", "carol owner"]);
    set(&admin, &[alice.id, bob.id]).await.ok();
    assert_eq!(roles(&seen(&app).await), ["bob owner", "alice member"]);
    carol.get(&member("carol")).await.problem(404);
}

#[tokio::test]
async fn no_method_accepts_an_unknown_parameter() {
    let (app, alice, _bob) = ops().await;
    app.user("carol").await;
    let before = seen(&app).await;
    let answers = [
        alice.put(&member("carol?dry_run=true"), json!({})).await,
        alice.get(&member("bob?dry_run=true")).await,
        alice.delete(&member("bob?dry_run=true")).await,
        alice.put(&format!("{MEMBERS}?dry_run=true"), json!({ "user_ids": [alice.id] })).await,
    ];
    for answer in answers {
        assert!(answer.problem(400).contains("dry_run"));
    }
    assert_eq!(seen(&app).await, before);
}

#[tokio::test]
async fn an_owner_removes_a_member_and_a_member_leaves() {
    let (app, alice, bob) = ops().await;
    let carol = app.user("carol").await;
    add(&alice, "carol").await.created();
    alice.delete(&member("bob")).await.no_content();
    bob.get(&member("bob")).await.problem(404);
    alice.delete(&member("bob")).await.problem(404);
    carol.delete(&member(carol.id)).await.no_content();
    carol.delete(&member("carol")).await.problem(404);
    assert_eq!(roles(&seen(&app).await), ["alice owner"]);
}

#[tokio::test]
async fn a_user_who_leaves_and_returns_is_the_last_to_join_and_a_member() {
    let (app, alice, _bob) = ops().await;
    app.user("carol").await;
    set_role(&alice, "bob", "owner").await.ok();
    add(&alice, "carol").await.created();
    alice.delete(&member("bob")).await.no_content();
    add(&alice, "bob").await.created();
    assert_eq!(roles(&seen(&app).await), ["alice owner", "carol member", "bob member"]);
}

#[tokio::test]
async fn the_last_owner_cannot_leave_or_become_a_member() {
    let (app, alice, bob) = ops().await;
    let before = seen(&app).await;
    let answers = [
        alice.delete(&member("alice")).await,
        alice.delete(&member(alice.id)).await,
        set_role(&alice, "alice", "member").await,
        set(&alice, &[bob.id]).await,
        set(&alice, &[]).await,
    ];
    for answer in answers {
        let error = answer.problem(409);
        assert!(error.contains("owner"), "{error}");
    }
    set_role(&alice, "alice", "owner").await.ok();
    assert_eq!(seen(&app).await, before);
}

#[tokio::test]
async fn one_of_two_owners_can_leave() {
    let (app, alice, bob) = ops().await;
    set_role(&alice, "bob", "owner").await.ok();
    set_role(&alice, "alice", "member").await.ok();
    bob.delete(&member("bob")).await.problem(409);
    set_role(&bob, "alice", "owner").await.ok();
    bob.delete(&member("bob")).await.no_content();
    assert_eq!(roles(&seen(&app).await), ["alice owner"]);
}

#[tokio::test]
async fn of_two_owners_leaving_at_once_one_stays() {
    let (app, alice, bob) = ops().await;
    set_role(&alice, "bob", "owner").await.ok();
    let mut calls = JoinSet::new();
    for (owner, user) in [(alice, "alice"), (bob, "bob")] {
        calls.spawn(async move { owner.delete(&member(user)).await.status.as_u16() });
    }
    let mut statuses = calls.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    let team = seen(&app).await;
    assert_eq!(each(&team["users"], "role"), ["owner"]);
}

#[tokio::test]
async fn an_admin_can_remove_the_last_owner() {
    let (app, _alice, bob) = ops().await;
    let admin = app.admin().await;
    assert_eq!(set_role(&admin, "alice", "member").await.ok()["role"], "member");
    set_role(&admin, "alice", "owner").await.ok();
    admin.delete(&member("alice")).await.no_content();
    assert_eq!(roles(&seen(&app).await), ["bob member"]);
    bob.put(TEAM, json!({ "name": "Bob's" })).await.problem(403);

    let team = set(&admin, &[]).await.ok();
    assert_eq!(team, json!({ "id": 1, "name": "Ops", "version": 1, "users": [], "user_count": 0 }));
    assert_eq!(seen(&app).await, team);
}

#[tokio::test]
async fn members_are_shown_in_the_order_they_joined() {
    let (app, alice, _bob) = ops().await;
    for user in ["carol", "dave", "erin"] {
        app.user(user).await;
    }
    for user in ["erin", "carol", "dave"] {
        add(&alice, user).await.created();
    }
    let team = seen(&app).await;
    let usernames = each(&team["users"], "username");
    assert_eq!(usernames, ["alice", "bob", "erin", "carol", "dave"]);
}

#[tokio::test]
async fn a_disabled_member_is_hidden_until_enabled() {
    let (app, alice, _bob) = ops().await;
    set_role(&alice, "bob", "owner").await.ok();
    let before = seen(&app).await;

    set_disabled(&app, "bob", true).await;
    let team = seen(&app).await;
    assert_eq!(roles(&team), ["alice owner"]);
    assert_eq!(team["user_count"], 1);
    assert_eq!(app.anonymous().get("/api/teams").await.ok()[0]["user_count"], 1);
    app.anonymous().get(&member("bob")).await.problem(404);
    alice.delete(&member("bob")).await.problem(404);
    assert_eq!(add(&alice, "bob").await.problem(404), "not found");

    set_disabled(&app, "bob", false).await;
    assert_eq!(seen(&app).await, before);
    assert_eq!(app.anonymous().get("/api/teams").await.ok()[0]["user_count"], 2);
    app.anonymous().get(&member("bob")).await.ok();
}

#[tokio::test]
async fn a_disabled_user_cannot_be_added() {
    let (app, alice, _bob) = ops().await;
    let carol = app.user("carol").await;
    set_disabled(&app, "carol", true).await;
    for client in [&alice, &app.admin().await] {
        assert_eq!(add(client, "carol").await.problem(404), "not found");
        assert_eq!(add(client, carol.id).await.problem(404), "not found");
        assert_eq!(set(client, &[alice.id, carol.id]).await.pointers(), ["/user_ids/1"]);
    }
    assert_eq!(seen(&app).await["user_count"], 2);
}

#[tokio::test]
async fn a_disabled_owner_does_not_count() {
    let (app, alice, _bob) = ops().await;
    set_role(&alice, "bob", "owner").await.ok();
    set_disabled(&app, "bob", true).await;
    alice.delete(&member("alice")).await.problem(409);
    set_role(&alice, "alice", "member").await.problem(409);
    set_disabled(&app, "bob", false).await;
    alice.delete(&member("alice")).await.no_content();
}

#[tokio::test]
async fn concurrent_additions_make_one_member() {
    let (app, alice, _bob) = ops().await;
    app.user("carol").await;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let alice = alice.clone();
        calls.spawn(async move { add(&alice, "carol").await });
    }
    let answers = calls.join_all().await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200; 19], vec![201]].concat());
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    assert_eq!(roles(&seen(&app).await), ["alice owner", "bob member", "carol member"]);
}
