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

    def test_several_are_marked_at_once_or_none(self):
        carol = self.user("carol")
        notes = [self.alice.note()["id"] for _ in range(3)]
        refused = carol.post("/api/readinglists", {"note_ids": [notes[0], 2**62]})
        self.assertEqual(refused.pointers(), ["/note_ids/1"])
        for ids in [[], list(range(1, 502))]:
            self.assertEqual(carol.post("/api/readinglists", {"note_ids": ids}).pointers(), ["/note_ids"])
        carol.post("/api/readinglists", {"note_ids": notes, "note_id": notes[0]}).problem(422)
        self.assertEqual(carol.get("/api/readinglists/counts").is_(200), {"total": 0, "unread": 0})
        marks = carol.post("/api/readinglists", {"note_ids": [notes[2], *notes]}).is_(200)
        self.assertEqual([mark["note_id"] for mark in marks], [notes[2], *notes[:2]])
        self.assertEqual(carol.get("/api/readinglists/counts").is_(200), {"total": 3, "unread": 3})
        self.assertEqual(carol.post("/api/readinglists", {"note_ids": notes[:1]}).is_(200), marks[1:2])

    def test_marks_are_read_by_their_ids_or_all_at_once(self):
        dora = self.user("dora")
        notes = [self.alice.note()["id"] for _ in range(3)]
        ids = [mark["id"] for mark in dora.post("/api/readinglists", {"note_ids": notes}).is_(200)]

        def change(**members):
            return dora.patch("/api/readinglists", members)

        self.assertEqual(change(ids=[*ids[:2], ids[0]], read=True).is_(200), {"changed": 2})
        self.assertEqual(dora.get("/api/readinglists/counts").is_(200), {"total": 3, "unread": 1})
        self.assertEqual(change(all=True, read=True).is_(200), {"changed": 1})
        self.assertEqual(change(all=True, read=True).is_(200), {"changed": 0})
        self.assertEqual(change(ids=ids[:1], read=False).is_(200), {"changed": 1})
        self.assertEqual(change(ids=[ids[0], 2**62], read=True).pointers(), ["/ids/1"])
        self.assertEqual(change(all=False, read=True).pointers(), ["/all"])
        self.assertEqual(change(ids=ids).pointers(), ["/read"])
        for members in [{"read": True}, {"ids": ids, "all": True, "read": True}]:
            change(**members).problem(422)
        others = self.bob.patch("/api/readinglists", {"ids": ids[:1], "read": True})
        self.assertEqual(others.pointers(), ["/ids/0"])
        self.assertEqual(dora.get("/api/readinglists/counts").is_(200), {"total": 3, "unread": 1})

    def test_a_mark_is_read_by_its_owner(self):
        note = self.alice.note()
        mark = self.bob.post("/api/readinglists", {"note_id": note["id"]}).is_(201)
        path = f"/api/readinglists/{mark['id']}"
        self.assertEqual(self.bob.get(path).is_(200), {**note, "reading": {"id": mark["id"], "read": False}})
        self.alice.get(path).problem(403)
        self.anyone.get(path).problem(401)
        self.bob.delete(path).is_(204)
        self.bob.get(path).problem(404)

    def test_a_mark_has_a_place_under_its_note(self):
        note = self.alice.note()["id"]
        path = f"/api/notes/{note}/mark"
        mark = self.bob.send("PUT", path).is_(201)
        self.assertEqual(mark, {"id": mark["id"], "user_id": self.bob.id, "note_id": note, "read": False})
        self.assertEqual(self.bob.put(path, {}).is_(200), mark)
        self.assertEqual(self.bob.put(path, {"read": True}).is_(200), {**mark, "read": True})
        self.assertTrue(self.bob.send("PUT", path).is_(200)["read"], "what is not sent stays")
        self.bob.delete(path).is_(204)
        self.bob.delete(path).problem(404)
        self.assertTrue(self.alice.put(path, {"read": True}).is_(201)["read"])
        self.alice.put("/api/notes/0/mark", {}).problem(404)
