"""API tokens and invitations."""

import secrets

from client import PASSWORD, RUN, Client, Conformance

SCOPES = ["read", "notes:write", "readinglist:write", "teams:write", "users:write"]


class Tokens(Conformance):
    def token(self, user, *scopes):
        """A new API token of a user, and a client that has it."""
        issued = user.post("/api/tokens", {"name": "A token", "scopes": list(scopes)}).is_(201)
        return issued, Client(issued["token"], user.id, user.username)

    def out_of_scope(self, answer, scope=None):
        """Expects a 403 that names the scope that would do, if any."""
        self.assertEqual(answer.problem(403), "token does not allow this")
        challenge = answer.headers["WWW-Authenticate"]
        self.assertIn('error="insufficient_scope"', challenge)
        self.assertEqual(f'scope="{scope}"' in challenge, scope is not None, challenge)

    def test_a_token_is_shown_once_and_tells_what_it_is(self):
        issued, script = self.token(self.alice, "notes:write", "read", "read")
        self.assertRegex(issued["token"], "^tn_[0-9A-Za-z]{49}$")
        self.assertEqual(issued["scopes"], ["notes:write", "read"])
        current = script.get("/api/tokens/current").is_(200)
        self.assertEqual(current["user"]["username"], self.alice.username)
        self.assertEqual(set(current), {"id", "name", "scopes", "expires_at", "user"})
        listed = self.alice.get("/api/tokens").is_(200)
        self.assertEqual(listed[0]["id"], issued["id"])
        self.assertNotIn("token", listed[0])
        self.alice.get("/api/tokens/current").problem(404)

    def test_a_token_does_what_its_scopes_allow(self):
        _, reader = self.token(self.alice, "read")
        _, writer = self.token(self.alice, "notes:write")
        note = writer.note("By a script")
        self.assertEqual(reader.get(f"/api/notes/{note['id']}").is_(200)["user"]["id"], self.alice.id)
        self.out_of_scope(reader.post("/api/notes", {"content": "No"}), "notes:write")
        self.out_of_scope(writer.post("/api/teams", {"name": "No"}), "teams:write")
        writer.delete(f"/api/notes/{note['id']}").is_(204)

    def test_no_token_touches_credentials_or_is_an_admin(self):
        _, all_of_it = self.token(self.admin, *SCOPES)
        me = f"/api/users/{self.admin.id}"
        for method, path in [
            ("GET", "/api/sessions"),
            ("GET", "/api/tokens"),
            ("POST", "/api/tokens"),
            ("DELETE", "/api/logout"),
            ("DELETE", me),
            ("POST", "/api/users"),
        ]:
            self.out_of_scope(all_of_it.send(method, path))
        self.out_of_scope(all_of_it.put(me, {"password": PASSWORD, "current_password": PASSWORD}))
        for answer in [
            all_of_it.get("/api/users?disabled=any"),
            all_of_it.put(f"/api/users/{self.alice.id}", {"name": "No"}),
        ]:
            self.assertEqual(answer.problem(403), "operation not allowed")

    def test_a_token_ends_and_another_s_is_not_there(self):
        issued, script = self.token(self.alice, "read")
        path = f"/api/tokens/{issued['id']}"
        self.bob.delete(path).problem(404)
        self.alice.delete(path).is_(204)
        script.get("/api/notes").problem(401)
        _, script = self.token(self.alice, "read")
        self.admin.delete(f"/api/users/{self.alice.id}/tokens").is_(204)
        script.get("/api/notes").problem(401)

    def test_a_disabled_user_s_tokens_are_refused_until_the_user_is_enabled(self):
        carol = self.user("carol")
        _, script = self.token(carol, "read")
        path = f"/api/users/{carol.id}"
        self.admin.put(path, {"disabled": True}).is_(200)
        self.assertEqual(script.get("/api/notes").problem(401), "account disabled")
        self.admin.put(path, {"disabled": False}).is_(200)
        script.get("/api/notes").is_(200)

    def test_what_is_wrong_with_a_token_is_said(self):
        for member, value, pointer in [
            ("name", "", "/name"),
            ("scopes", [], "/scopes"),
            ("scopes", ["read", "everything"], "/scopes/1"),
            ("expires_at", "2020-01-01T00:00:00Z", "/expires_at"),
        ]:
            new = {"name": "A token", "scopes": ["read"], member: value}
            self.assertEqual(self.alice.post("/api/tokens", new).pointers(), [pointer])
        for wrong in ["tn_", "tn_" + "0" * 49, "tn_" + "0" * 43 + "2CZclj"]:
            self.assertEqual(Client(wrong).get("/api/notes").problem(401), "token invalid")

    def test_an_invited_user_sets_a_password_once(self):
        username = f"invited-{secrets.token_hex(4)}-{RUN}"
        new = {"username": username, "name": "Invited"}
        self.alice.post("/api/invitations", new).problem(403)
        old = self.admin.post("/api/invitations", new).is_(201)
        self.addCleanup(lambda: self.admin.delete(f"/api/users/{old['user']['id']}"))
        invited = self.admin.post("/api/invitations", new).is_(201)

        def accept(token):
            return self.anyone.post("/api/invitations/accept", {"token": token, "password": PASSWORD})

        self.assertEqual(accept(old["token"]).pointers(), ["/token"])
        self.assertEqual(accept(invited["token"]).is_(200)["username"], username)
        self.assertEqual(accept(invited["token"]).pointers(), ["/token"])
        self.anyone.log_in(username).get("/api/notes").is_(200)
        self.admin.post("/api/invitations", new).problem(409)
