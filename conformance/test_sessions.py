"""Logging in, and what ends sessions."""

from client import PASSWORD, Conformance


class Sessions(Conformance):
    def test_wrong_credentials_do_not_tell_what_was_wrong(self):
        for username in [self.alice.username, "nobody-here"]:
            refused = self.anyone.post("/api/login", {"username": username, "password": "wrong-password"})
            self.assertEqual(refused.problem(401), "invalid username or password")

    def test_a_login_is_a_session(self):
        login = self.anyone.post("/api/login", {"username": self.alice.username.upper(), "password": PASSWORD}).is_(200)
        self.assertEqual(set(login), {"token", "username", "name", "expires_at"})
        current = self.alice.get("/api/sessions/current").is_(200)
        self.assertEqual(current["user"]["username"], self.alice.username)
        sessions = self.alice.get("/api/sessions").is_(200)
        self.assertEqual([one["id"] for one in sessions if one["current"]], [current["id"]])

    def test_logging_out_ends_the_session(self):
        other = self.anyone.log_in(self.alice.username)
        other.delete("/api/logout").is_(204)
        self.assertEqual(other.get("/api/notes").problem(401), "session expired")
        self.alice.get("/api/sessions/current").is_(200)

    def test_one_can_end_one_s_other_sessions(self):
        carol = self.user("carol")
        others = [self.anyone.log_in(carol.username) for _ in range(2)]
        ended = others[0].get("/api/sessions/current").is_(200)["id"]
        self.bob.delete(f"/api/sessions/{ended}").problem(404)
        carol.delete(f"/api/sessions/{ended}").is_(204)
        others[0].get("/api/notes").problem(401)
        carol.delete("/api/sessions").is_(204)
        others[1].get("/api/notes").problem(401)
        self.assertEqual(len(carol.get("/api/sessions").is_(200)), 1)

    def test_a_new_password_ends_the_others(self):
        dora = self.user("dora")
        other = self.anyone.log_in(dora.username)
        path = f"/api/users/{dora.username}"
        change = {"password": "harbour-walnut-24", "current_password": "wrong-password"}
        self.assertEqual(dora.put(path, change).pointers(), ["/current_password"])
        dora.put(path, {**change, "current_password": PASSWORD}).is_(200)
        self.assertEqual(other.get("/api/notes").problem(401), "session expired")
        dora.get("/api/notes").is_(200)
        self.anyone.post("/api/login", {"username": dora.username, "password": PASSWORD}).problem(401)

    def test_a_disabled_user_is_locked_out_at_once(self):
        erin = self.user("erin")
        path = f"/api/users/{erin.username}"
        self.admin.put(path, {"disabled": True}).is_(200)
        self.assertEqual(erin.get("/api/notes").problem(401), "account disabled")
        refused = self.anyone.post("/api/login", {"username": erin.username, "password": PASSWORD})
        self.assertEqual(refused.problem(401), "account disabled, please contact admin")
        self.anyone.get(path).problem(404)
        self.admin.put(path, {"disabled": False}).is_(200)
        self.assertEqual(erin.get("/api/notes").problem(401), "session expired")
        self.anyone.log_in(erin.username)
