"""Lists: their order, their pages, and how many items there are."""

from client import RUN, Conformance

# In the order in which they are made, and where each comes when they are sorted.
NAMES = ["apfel", "ÄPFEL", "Strasse", "straße 2", "Zoë"]
ORDER = [0, 2, 3, 4, 1]


class Lists(Conformance):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.writer = cls.user("writer")
        times = ["2026-11-22T10:00:00Z", "0999-01-01T00:00:00Z", "2026-11-22T10:00:00.000001Z", "2026-11-22T10:00:00Z"]
        cls.notes = [cls.writer.note(f"Note {RUN}", date=time)["id"] for time in times]
        for id in cls.notes:
            cls.writer.post("/api/readinglists", {"note_id": id}).is_(201)

    def in_order(self, client, path, sort):
        """The ids of a list in pages of two, which must be in this order, and in the other one backwards."""
        ids = [item["id"] for item in client.pages(f"{path}&sort={sort}&limit=2")]
        reverse = client.pages(f"{path}&sort=-{sort}&limit=200")
        self.assertEqual([item["id"] for item in reverse], ids[::-1], sort)
        return ids

    def test_notes_are_sorted_by_each_key_and_then_by_id(self):
        a, b, c, d = self.notes
        path = f"/api/notes?user={self.writer.id}"
        for sort in ["id", "created_at"]:
            self.assertEqual(self.in_order(self.anyone, path, sort), [a, b, c, d])
        self.assertEqual(self.in_order(self.anyone, path, "date"), [b, a, d, c])
        changed = self.user("changer")
        notes = [changed.note()["id"] for _ in range(3)]
        changed.put(f"/api/notes/{notes[0]}", {"important": True}).is_(200)
        by_change = self.in_order(self.anyone, f"/api/notes?user={changed.id}", "updated_at")
        self.assertEqual(by_change, [*notes[1:], notes[0]])

    def test_a_reading_list_is_sorted_by_mark_or_by_date(self):
        a, b, c, d = self.notes
        self.assertEqual(self.in_order(self.writer, "/api/readinglists?read=false", "id"), [a, b, c, d])
        self.assertEqual(self.in_order(self.writer, "/api/readinglists?read=false", "date"), [b, a, d, c])

    def test_names_are_sorted_by_their_folded_form(self):
        teams = [self.team(self.alice, f"{RUN} {name}")["id"] for name in NAMES]
        expected = [teams[index] for index in ORDER]
        self.assertEqual(self.in_order(self.anyone, f"/api/teams?name={RUN}%25", "name"), expected)
        users = [self.user(f"sorted{index}") for index in range(len(NAMES))]
        for user, name in zip(users, NAMES):
            user.put(f"/api/users/{user.id}", {"name": f"{RUN} {name}"}).is_(200)
        path, ids = f"/api/users?name={RUN}%25", [user.id for user in users]
        self.assertEqual(self.in_order(self.anyone, path, "name"), [ids[index] for index in ORDER])
        for sort in ["id", "created_at", "username"]:
            self.assertEqual(self.in_order(self.anyone, path, sort), ids)

    def test_other_keys_and_other_lists_are_rejected(self):
        for sort in ["content", "id,date", "--id", "ID", ""]:
            self.assertIn("sort", self.anyone.get(f"/api/notes?sort={sort}").problem(400), sort)
        for path in [f"/api/users/{self.writer.id}/notes", f"/api/notes/{self.notes[0]}/users_marked"]:
            self.assertIn("sort", self.anyone.get(f"{path}?sort=id").problem(400), path)

    def test_a_cursor_belongs_to_one_path_filter_and_order(self):
        own = f"/api/notes?user={self.writer.id}"
        following = self.anyone.get(f"{own}&limit=1&sort=date").next()
        cursor = following.rpartition("cursor=")[2]
        self.assertEqual([note["id"] for note in self.anyone.get(following).is_(200)], [self.notes[0]])
        longer = self.anyone.get(f"{own}&limit=3&sort=date&cursor={cursor}").is_(200)
        self.assertEqual([note["id"] for note in longer], [self.notes[index] for index in [0, 3, 2]])
        for other in [
            own,
            f"{own}&sort=-date",
            f"{own}&sort=created_at",
            f"{own}&sort=date&important=false",
            "/api/notes?sort=date",
            f"/api/users/{self.writer.id}/notes?limit=1",
            "/api/teams?limit=1",
        ]:
            separator = "&" if "?" in other else "?"
            self.assertIn("cursor", self.anyone.get(f"{other}{separator}cursor={cursor}").problem(400), other)
        self.assertIn("cursor", self.anyone.get("/api/notes?cursor=nonsense").problem(400))

    def test_the_exact_count_is_that_of_the_whole_list_and_only_told_on_request(self):
        mine = f"user={self.writer.id}"
        note = f"/api/notes/{self.notes[0]}"
        for client, path, count in [
            (self.anyone, f"/api/notes?{mine}&limit=1", 4),
            (self.anyone, f"/api/notes?{mine}&important=true", 0),
            (self.anyone, f"/api/notes?search={RUN}&{mine}", 4),
            (self.anyone, f"/api/users/{self.writer.id}/notes?limit=2", 4),
            (self.anyone, f"/api/users/{self.writer.id}/marked_notes?read=true", 0),
            (self.anyone, f"/api/users/{self.writer.id}/teams?limit=5", 0),
            (self.anyone, f"{note}/users_marked?limit=5", 1),
            (self.writer, "/api/readinglists?limit=3", 4),
            (self.writer, "/api/sessions?limit=1", 1),
        ]:
            counted = client.get(f"{path}&count=exact")
            self.assertEqual(counted.headers["X-Total-Count"], str(count), path)
            plain = client.get(path)
            self.assertIsNone(plain.headers["X-Total-Count"], path)
            self.assertEqual(plain.is_(200), counted.is_(200), path)
        second = self.anyone.get(self.anyone.get(f"/api/notes?{mine}&limit=3&count=exact").next())
        self.assertEqual((len(second.is_(200)), second.headers["X-Total-Count"]), (1, "4"))
        self.assertIn("count", self.anyone.get("/api/notes?count=about").problem(400))

    def test_the_bounds_of_a_page_are_told(self):
        for limit in ["0", "201", "-1", "1.5", "many", ""]:
            self.assertIn("limit", self.anyone.get(f"/api/notes?limit={limit}").problem(400), limit)
        self.assertEqual(len(self.anyone.get(f"/api/notes?user={self.writer.id}&limit=3").is_(200)), 3)
