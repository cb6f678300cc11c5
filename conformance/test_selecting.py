"""`include` and `fields`: an answer has what is requested, and nothing else."""

from client import Conformance


class Selecting(Conformance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.note = cls.alice.note()["id"]
        cls.alice.put(f"/api/notes/{cls.note}/mark", {}).is_(201)

    def setUp(self):
        self.team_id = self.team(self.alice)["id"]

    def test_what_is_included_replaces_the_default(self):
        user, team, note = f"/api/users/{self.alice.id}", f"/api/teams/{self.team_id}", f"/api/notes/{self.note}"
        marked, teams = {"marked_notes", "marked_count"}, {"teams", "team_count"}
        members = {"notes", *marked, *teams, "users", "users_marked"}
        for path, expected in [
            (note, set()),
            (f"{note}?include=", set()),
            (f"{note}?include=users_marked", {"users_marked", "marked_count"}),
            (user, {"notes", *marked}),
            (f"{user}?include=", set()),
            (f"{user}?include=notes", {"notes"}),
            (f"{user}?include=marked_notes", marked),
            (f"{user}?include=teams", teams),
            (f"{user}?include=teams,notes", {"notes", *teams}),
            (f"{user}?teams=true", {"notes", *marked, *teams}),
            (team, {"users"}),
            (f"{team}?include=users", {"users"}),
            (f"{team}?include=", set()),
        ]:
            self.assertEqual(members & set(self.anyone.get(path).is_(200)), expected, path)

    def test_counts_of_notes_and_of_members_are_always_there(self):
        team = self.anyone.get(f"/api/teams/{self.team_id}?include=").is_(200)
        self.assertEqual(team["user_count"], 1)
        self.assertIn("note_count", self.anyone.get(f"/api/users/{self.alice.id}?include=").is_(200))

    def test_lists_include_too(self):
        path = f"/api/users?sort=username&name={self.alice.username[:5]}%25&limit=1"
        for include, expected in [
            ("", {"notes", "teams", "team_count"}),
            ("&include=", set()),
            ("&include=notes", {"notes"}),
            ("&include=teams", {"teams", "team_count"}),
        ]:
            [user] = self.anyone.get(path + include).is_(200)
            self.assertEqual({"notes", "teams", "team_count"} & set(user), expected, include)
        [team] = self.anyone.get("/api/teams?limit=1&sort=-id&include=users").is_(200)
        self.assertIn("users", team)
        [team] = self.anyone.get("/api/teams?limit=1&sort=-id").is_(200)
        self.assertNotIn("users", team)

    def test_unknown_names_are_rejected_and_so_is_include_where_there_is_none(self):
        for path in [f"/api/users/{self.alice.id}", "/api/users", "/api/teams", f"/api/notes/{self.note}"]:
            for include in ["passwords", "notes.id", ","]:
                self.assertIn("include", self.anyone.get(f"{path}?include={include}").problem(400), path)
        for path in ["/api/sessions", f"/api/teams/{self.team_id}/members"]:
            self.assertIn("include", self.alice.get(f"{path}?include=").problem(400), path)

    def test_an_answer_has_the_members_that_are_named(self):
        note = f"/api/notes/{self.note}"
        whole = self.anyone.get(note).is_(200)
        for path, expected in [
            (f"{note}?fields=id", {"id": self.note}),
            (f"{note}?fields=content,user.name", {"content": whole["content"], "user": {"name": "Alice"}}),
            (f"{note}?include=users_marked&fields=users_marked.id", {"users_marked": [{"id": self.alice.id}]}),
            (f"/api/users/{self.alice.id}?fields=notes.id,note_count", {"notes": [{"id": self.note}], "note_count": 1}),
            (f"/api/users/{self.alice.id}?include=&fields=name", {"name": "Alice"}),
            (f"/api/teams/{self.team_id}?fields=users.role", {"users": [{"role": "owner"}]}),
            (f"/api/notes?user={self.alice.id}&fields=id", [{"id": self.note}]),
            (f"/api/notes/{self.note}/users_marked?fields=username", [{"username": self.alice.username}]),
        ]:
            self.assertEqual(self.anyone.get(path).is_(200), expected, path)
        [marked] = self.alice.get("/api/readinglists?fields=id,reading.read").is_(200)
        self.assertEqual(marked, {"id": self.note, "reading": {"read": False}})

    def test_members_that_are_unknown_or_not_included_are_rejected(self):
        for path in [
            f"/api/notes/{self.note}?fields=nothing",
            f"/api/notes/{self.note}?fields=",
            f"/api/notes/{self.note}?fields=user.password",
            f"/api/notes/{self.note}?fields=users_marked.id",
            f"/api/users/{self.alice.id}?fields=teams",
            f"/api/users/{self.alice.id}?include=notes&fields=marked_count",
            "/api/users?fields=password_hash",
            "/api/teams?fields=users",
        ]:
            self.assertIn("fields", self.anyone.get(path).problem(400), path)

    def test_a_part_has_a_tag_of_its_own_for_the_same_version(self):
        path = f"/api/notes/{self.bob.note()['id']}"
        whole, part = self.anyone.get(path), self.anyone.get(f"{path}?fields=content")
        self.assertNotEqual(whole.headers["ETag"], part.headers["ETag"])
        changed = self.bob.put(path, {"important": True}, If_Match=part.headers["ETag"])
        self.assertEqual(changed.is_(200)["version"], 2)

    def test_the_next_page_is_requested_in_the_same_way(self):
        carol = self.user("carol")
        for _ in range(2):
            carol.note()
        path = f"/api/notes?user={carol.id}&limit=1&sort=date&count=exact&fields=id,user.id"
        pages = [self.anyone.get(path)]
        while pages[-1].next():
            pages.append(self.anyone.get(pages[-1].next()))
        for page in pages:
            [note] = page.is_(200)
            self.assertEqual((set(note), note["user"]), ({"id", "user"}, {"id": carol.id}))
            self.assertEqual(page.headers["X-Total-Count"], str(len(pages)))
