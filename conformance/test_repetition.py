"""`Idempotency-Key`: a repeated request has its effect once, and the same answer."""

import secrets
from concurrent.futures import ThreadPoolExecutor

from client import PASSWORD, RUN, Conformance


def key():
    return secrets.token_hex(16)


class Repetition(Conformance):
    def told(self, answer):
        return answer.status, answer.text, [answer.headers[name] for name in ["Location", "ETag", "Content-Type"]]

    def twice(self, client, path, body):
        """The first answer, which must be the second one too."""
        headers = {"Idempotency_Key": key()}
        first, again = client.post(path, body, **headers), client.post(path, body, **headers)
        self.assertIsNone(first.headers["Idempotency-Replayed"], path)
        self.assertEqual(again.headers["Idempotency-Replayed"], "true", path)
        self.assertEqual(self.told(first), self.told(again))
        return first

    def notes_of(self, client):
        counted = self.anyone.get(f"/api/notes?user={client.id}&limit=1&count=exact")
        return int(counted.headers["X-Total-Count"])

    def test_everything_that_is_made_is_made_once(self):
        before = self.notes_of(self.alice)
        note = self.twice(self.alice, "/api/notes", {"content": "Ä note"}).is_(201)
        self.assertEqual(self.notes_of(self.alice), before + 1)
        self.twice(self.alice, "/api/readinglists", {"note_id": note["id"]}).is_(201)
        self.twice(self.alice, "/api/readinglists", {"note_ids": [note["id"]]}).is_(200)
        team = self.twice(self.alice, "/api/teams", {"name": f"Once {RUN}"}).is_(201)
        self.addCleanup(lambda: self.admin.delete(f"/api/teams/{team['id']}"))
        new = {"username": f"once-{RUN}", "name": "Once", "password": PASSWORD}
        user = self.twice(self.admin, "/api/users", new).is_(201)
        self.addCleanup(lambda: self.admin.delete(f"/api/users/{user['id']}"))

    def test_failures_that_say_something_about_the_request_are_kept(self):
        team = self.team(self.alice)
        self.twice(self.alice, "/api/notes", {"content": ""}).problem(422)
        self.twice(self.alice, "/api/teams", {"name": team["name"]}).problem(409)
        self.twice(self.alice, "/api/readinglists", {"note_id": 2**62}).problem(422)

    def test_failures_that_say_nothing_about_it_are_not_kept(self):
        carol, headers = self.user("carol"), {"Idempotency_Key": key()}
        carol.post("/api/notes", b"{", **headers).problem(400)
        carol.post("/api/notes", b"{}", Content_Type="text/plain", **headers).problem(415)
        carol.post("/api/notes", b" " * (256 * 1024 + 1), **headers).problem(413)
        self.anyone.post("/api/notes", {"content": "x"}, **headers).problem(401)
        made = carol.post("/api/notes", {"content": "x"}, **headers)
        made.is_(201)
        self.assertIsNone(made.headers["Idempotency-Replayed"])

    def test_a_key_belongs_to_one_request_of_one_user(self):
        headers = {"Idempotency_Key": key()}
        first = self.alice.post("/api/notes", {"content": "One"}, **headers).is_(201)
        for path, body in [("/api/notes", {"content": "Two"}), ("/api/teams", {"content": "One"})]:
            self.assertEqual(self.alice.post(path, body, **headers).pointers(), [""], path)
        other = self.bob.post("/api/notes", {"content": "One"}, **headers).is_(201)
        self.assertNotEqual(other["id"], first["id"])

    def test_an_answer_stays_what_it_was(self):
        headers = {"Idempotency_Key": key()}
        first = self.alice.post("/api/notes", {"content": "One"}, **headers)
        self.alice.delete(f"/api/notes/{first.is_(201)['id']}").is_(204)
        again = self.alice.post("/api/notes", {"content": "One"}, **headers)
        self.assertEqual(self.told(again), self.told(first))

    def test_repetitions_at_once_have_one_effect(self):
        dora, headers = self.user("dora"), {"Idempotency_Key": key()}
        with ThreadPoolExecutor(8) as pool:
            sent = [pool.submit(dora.post, "/api/notes", {"content": "Once"}, **headers) for _ in range(16)]
        answers = [one.result() for one in sent]
        for answer in answers:
            if answer.status in [409, 503]:
                self.assertTrue(answer.headers["Retry-After"])
        made = {answer.text for answer in answers if answer.status == 201}
        self.assertLessEqual({answer.status for answer in answers}, {201, 409, 503})
        self.assertEqual((len(made), self.notes_of(dora)), (1, 1))

    def test_a_key_has_1_to_255_visible_characters(self):
        for wrong in ["", "a b", "x" * 256]:
            refused = self.alice.post("/api/notes", {"content": "x"}, Idempotency_Key=wrong)
            self.assertIn("Idempotency-Key", refused.problem(400), wrong)
        longest = (key() * 8)[:255]
        self.alice.post("/api/notes", {"content": "x"}, Idempotency_Key=longest).is_(201)

    def test_a_login_is_not_repeated(self):
        credentials, headers = {"username": self.alice.username, "password": PASSWORD}, {"Idempotency_Key": key()}
        tokens = [self.anyone.post("/api/login", credentials, **headers).is_(200)["token"] for _ in range(2)]
        self.assertNotEqual(*tokens)
