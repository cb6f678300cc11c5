"""Users: who may see and change what."""

import json
from urllib.parse import quote

from client import PASSWORD, RUN, Conformance


class Users(Conformance):
    def test_a_taken_username_is_a_conflict(self):
        again = {"username": self.alice.username.upper(), "name": "Alice", "password": PASSWORD}
        self.assertEqual(self.admin.post("/api/users", again).problem(409), "username must be unique")

    def test_all_violations_are_told_at_once(self):
        wrong = {"username": "1st", "name": " ", "password": "short", "admin": True}
        pointers = self.admin.post("/api/users", wrong).pointers()
        self.assertEqual(sorted(pointers), ["/name", "/password", "/username"])

    def test_no_one_becomes_an_admin_by_themselves(self):
        path = f"/api/users/{self.alice.id}"
        for change in [{"admin": True}, {"disabled": False}]:
            self.assertEqual(self.alice.put(path, change).problem(403), "operation not allowed")
        self.assertEqual(self.bob.put(path, {"name": "Mallory"}).problem(403), "operation not allowed")
        self.assertFalse(self.anyone.get(path).is_(200)["admin"])

    def test_a_user_is_found_by_id_and_by_username(self):
        by_id = self.anyone.get(f"/api/users/{self.alice.id}").is_(200)
        by_name = self.anyone.get(f"/api/users/{self.alice.username}").is_(200)
        self.assertEqual(by_id, by_name)
        self.assertTrue({"note_count", "notes", "marked_count", "marked_notes"} <= set(by_id))
        self.assertNotIn("teams", by_id)
        with_teams = self.anyone.get(f"/api/users/{self.alice.id}?teams=true").is_(200)
        self.assertEqual(with_teams["teams"], [])
        for word in ["password", "hash", "token"]:
            self.assertNotIn(word, str(by_id))

    def test_names_are_found_without_case_and_with_wildcards(self):
        name = f"Ärger 100% {RUN}"
        self.alice.put(f"/api/users/{self.alice.id}", {"name": name}).is_(200)
        for pattern, found in [(f"äRGER%{RUN}", 1), (f"_rger 100\\% {RUN}", 1), (f"rger%{RUN}", 0)]:
            listed = self.anyone.get(f"/api/users?name={quote(pattern)}").is_(200)
            self.assertEqual(len(listed), found, pattern)

    def test_lists_of_disabled_users_are_for_admins(self):
        self.assertEqual(self.anyone.get("/api/users?disabled=true").problem(401), "token missing")
        self.assertEqual(self.alice.get("/api/users?disabled=any").problem(403), "operation not allowed")
        self.admin.get("/api/users?disabled=any&limit=1").is_(200)

    def test_users_export_their_own_data(self):
        erna = self.user("erna")
        own, other = erna.note(), self.bob.note("Of somebody else")
        erna.put(f"/api/notes/{other['id']}/mark", {}).is_(201)
        team = self.team(erna)
        path = f"/api/users/{erna.username}/export"
        exported = erna.get(path)
        exported.is_(200)
        self.assertEqual(exported.headers["Content-Type"], "application/x-ndjson")
        self.assertTrue(exported.headers["Content-Disposition"].startswith("attachment"))
        rows = [json.loads(line) for line in exported.text.splitlines()]
        ids = [(row["type"], row["id"]) for row in rows if row["type"] != "session"]
        expected = [("user", erna.id), ("team", team["id"]), ("note", own["id"]), ("marked_note", other["id"])]
        self.assertEqual(ids, expected)
        for word in ["password", "hash", erna.token]:
            self.assertNotIn(word, exported.text)
        for client, status in [(self.anyone, 401), (self.bob, 403), (self.admin, 403)]:
            client.get(path).problem(status)
        self.bob.get("/api/users/nobody-here/export").problem(404)

    def test_a_user_s_data_goes_with_the_user(self):
        frank = self.user("frank")
        note = frank.note()
        self.bob.delete(f"/api/users/{frank.id}").problem(403)
        frank.delete(f"/api/users/{frank.id}").is_(204)
        for path in [f"/api/users/{frank.id}", f"/api/notes/{note['id']}"]:
            self.anyone.get(path).problem(404)
        frank.get("/api/notes").problem(401)
