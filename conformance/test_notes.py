"""Notes and reading lists."""

from urllib.parse import quote

from client import RUN, Conformance


class Notes(Conformance):
    def test_a_note_is_written_read_changed_and_deleted(self):
        answer = self.alice.post("/api/notes", {"content": "Hello", "date": "2026-11-22T10:00:00Z"})
        note = answer.is_(201)
        self.assertEqual((note["important"], note["user"]["id"], note["version"]), (False, self.alice.id, 1))
        self.assertEqual(note["date"][:19], "2026-11-22T10:00:00")
        path = answer.headers["Location"]
        self.assertEqual(self.anyone.get(path).is_(200), note)
        changed = self.alice.put(path, {"important": True}).is_(200)
        self.assertEqual((changed["content"], changed["important"], changed["version"]), ("Hello", True, 2))
        self.assertEqual(self.bob.put(path, {"content": "Mine"}).problem(403), "operation not allowed")
        self.assertEqual(self.bob.delete(path).problem(403), "operation not allowed")
        self.alice.delete(path).is_(204)
        self.alice.delete(path).problem(404)

    def test_contents_have_limits(self):
        for content in ["", " \n", "\0", "x" * 10_001]:
            self.assertEqual(self.alice.post("/api/notes", {"content": content}).pointers(), ["/content"])
        self.alice.note("x" * 10_000)

    def test_search_ignores_case_and_has_no_wildcards(self):
        self.alice.note(f"Straße 100% {RUN}")
        for text, found in [("STRASSE 100%", 1), ("stra_e 100%", 0), ("stra%e 100%", 0)]:
            search = quote(f"{text} {RUN}")
            self.assertEqual(len(self.anyone.get(f"/api/notes?search={search}").is_(200)), found, text)

    def test_pages_have_each_note_once_while_others_are_written(self):
        notes = [self.bob.note(f"Page {number}")["id"] for number in range(7)]
        path, seen = f"/api/notes?user={self.bob.username}&limit=2", []
        while path:
            answer = self.anyone.get(path)
            seen += [note["id"] for note in answer.is_(200)]
            self.bob.note("Meanwhile")
            path = answer.next()
        self.assertEqual([id for id in seen if id in notes], notes[::-1])
        self.assertEqual(len(seen), len(set(seen)))

    def test_a_cursor_belongs_to_its_list(self):
        for _ in range(2):
            self.alice.note()
        after = self.anyone.get(f"/api/notes?user={self.alice.id}&limit=1").next()
        cursor = after.rpartition("cursor=")[2]
        for path in [f"/api/notes?limit=1&cursor={cursor}", f"/api/teams?cursor={cursor}", "/api/notes?cursor=nonsense"]:
            self.assertIn("cursor", self.anyone.get(path).problem(400))

    def test_an_unknown_author_has_no_notes(self):
        self.assertEqual(self.anyone.get("/api/notes?user=nobody-here").is_(200), [])


class ReadingLists(Conformance):
    def test_a_note_is_marked_once(self):
        note = self.alice.note()
        mark = self.bob.post("/api/readinglists", {"note_id": note["id"]}).is_(201)
        self.assertEqual((mark["read"], mark["user_id"], mark["note_id"]), (False, self.bob.id, note["id"]))
        self.assertEqual(self.bob.post("/api/readinglists", {"note_id": note["id"]}).is_(200), mark)
        self.assertEqual(self.bob.post("/api/readinglists", {"note_id": 2**62}).pointers(), ["/note_id"])
        self.bob.post("/api/readinglists", {"note_id": note["id"], "user_id": self.alice.id}).problem(403)
        path = f"/api/readinglists/{mark['id']}"
        self.alice.put(path, {"read": True}).problem(403)
        self.assertTrue(self.bob.put(path, {"read": True}).is_(200)["read"])
        [listed] = self.bob.get("/api/readinglists?read=true").is_(200)
        self.assertEqual((listed["id"], listed["reading"]), (note["id"], {"id": mark["id"], "read": True}))
        marked = self.anyone.get(f"/api/notes/{note['id']}?include=users_marked").is_(200)
        self.assertEqual([one["id"] for one in marked["users_marked"]], [self.bob.id])
        self.bob.delete(path).is_(204)

    def test_hundreds_are_marked_at_once_or_none(self):
        carol = self.user("carol")
        notes = [self.alice.note()["id"] for _ in range(3)]
        refused = carol.post("/api/readinglists", {"note_ids": [notes[0], 2**62]})
        self.assertEqual(refused.pointers(), ["/note_ids/1"])
        self.assertEqual(carol.get("/api/readinglists/counts").is_(200), {"total": 0, "unread": 0})
        marks = carol.post("/api/readinglists", {"note_ids": [*notes, notes[0]]}).is_(200)
        self.assertEqual([mark["note_id"] for mark in marks], notes)
        ids = [mark["id"] for mark in marks]
        self.assertEqual(carol.patch("/api/readinglists", {"ids": ids[:2], "read": True}).is_(200), {"changed": 2})
        self.assertEqual(carol.get("/api/readinglists/counts").is_(200), {"total": 3, "unread": 1})
        self.assertEqual(carol.patch("/api/readinglists", {"all": True, "read": True}).is_(200), {"changed": 1})
        self.assertEqual(self.bob.patch("/api/readinglists", {"ids": ids[:1], "read": False}).pointers(), ["/ids/0"])

    def test_a_mark_has_a_place_under_its_note(self):
        path = f"/api/notes/{self.alice.note()['id']}/mark"
        self.bob.put(path, {}).is_(201)
        self.assertTrue(self.bob.put(path, {"read": True}).is_(200)["read"])
        self.bob.delete(path).is_(204)
        self.bob.delete(path).problem(404)
