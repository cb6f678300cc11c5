"""The ground rules, which hold for every endpoint."""

from concurrent.futures import ThreadPoolExecutor

from client import PASSWORD, RUN, Client, Conformance


class Protocol(Conformance):
    def test_unknown_and_repeated_parameters_are_named(self):
        for client, method, path in [
            (self.anyone, "GET", "/api/notes?colour=red"),
            (self.anyone, "GET", "/api/users?limit=1&limit=2"),
            (self.alice, "POST", "/api/notes?colour=red"),
            (self.anyone, "GET", "/api/teams?limit=0"),
            (self.anyone, "GET", "/api/notes?limit=201"),
        ]:
            name = path.partition("?")[2].partition("=")[0]
            self.assertIn(name, client.send(method, path).problem(400), path)

    def test_a_bad_token_is_rejected_where_none_is_needed(self):
        forger = Client("not.a.token")
        for path in ["/api/notes", "/api/users", "/api/teams", "/api/openapi.json", "/api/nothing"]:
            self.assertEqual(forger.get(path).problem(401), "token invalid", path)

    def test_writing_needs_a_token(self):
        for method, path in [("POST", "/api/notes"), ("GET", "/api/readinglists"), ("DELETE", "/api/logout")]:
            self.assertEqual(self.anyone.send(method, path, {}).problem(401), "token missing", path)

    def test_another_scheme_is_no_token(self):
        self.anyone.get("/api/notes", Authorization="Basic YTpi").is_(200)
        answer = self.anyone.post("/api/notes", {"content": "x"}, Authorization="Basic YTpi")
        self.assertEqual(answer.problem(401), "token missing")

    def test_the_case_of_the_scheme_does_not_matter(self):
        token = self.alice.token
        self.anyone.get("/api/sessions/current", Authorization=f"bEaReR {token}").is_(200)

    def test_another_method_lists_those_that_there_are(self):
        refused = self.alice.put("/api/notes", {})
        refused.problem(405)
        self.assertEqual(set(refused.headers["Allow"].split(", ")), {"GET", "HEAD", "POST"})

    def test_options_list_the_methods_of_a_known_path(self):
        for path, methods in [
            ("/api/notes", {"GET", "HEAD", "POST"}),
            ("/api/notes/1", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
            ("/api/notes/1/mark", {"PUT", "PATCH", "DELETE"}),
            ("/api/readinglists", {"GET", "HEAD", "POST", "PATCH"}),
            ("/healthz", {"GET", "HEAD"}),
        ]:
            answer = self.anyone.send("OPTIONS", path)
            answer.is_(204)
            self.assertEqual((set(answer.headers["Allow"].split(", ")) - {"OPTIONS"}, answer.text), (methods, ""), path)
        self.anyone.send("OPTIONS", "/api/nothing").problem(404)

    def test_a_trace_does_not_get_in_the_way(self):
        for trace in ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-nonsense", ""]:
            self.anyone.get("/api/notes?limit=1", traceparent=trace).is_(200)

    def test_what_is_not_there_is_not_found(self):
        for path in ["/api/nothing", "/api/notes/0", "/api/notes/abc", "/api/notes/9223372036854775808", "/nothing"]:
            self.assertEqual(self.alice.get(path).problem(404), "not found", path)

    def test_head_is_get_without_the_body(self):
        self.alice.note()
        for path in ["/api/notes?limit=1", f"/api/users/{self.alice.username}", "/api/nothing", "/healthz"]:
            get, head = self.anyone.get(path), self.anyone.send("HEAD", path)
            self.assertEqual((head.status, head.text), (get.status, ""), path)
            for header in ["Content-Type", "Content-Length", "ETag", "Link", "Vary", "Cache-Control"]:
                self.assertEqual(head.headers[header], get.headers[header], f"{header} of {path}")

    def test_a_request_id_is_kept_if_it_can_be(self):
        self.assertEqual(self.anyone.get("/api/notes", X_Request_Id="mine-7").headers["X-Request-Id"], "mine-7")
        self.assertNotEqual(self.anyone.get("/api/notes", X_Request_Id="not mine").headers["X-Request-Id"], "not mine")

    def test_bodies_must_be_json_that_is_not_too_large(self):
        post = self.alice.post
        for media_type in ["text/plain", "application/x-www-form-urlencoded"]:
            post("/api/notes", b'{"content":"x"}', Content_Type=media_type).problem(415)
        coded = post("/api/notes", b"\x1f\x8b", Content_Encoding="gzip")
        self.assertIn("gzip", coded.problem(415))
        self.assertEqual(coded.headers["Accept-Encoding"], "identity")
        post("/api/notes", {"content": "x"}, Content_Encoding="identity").is_(201)
        for body in [b"", b"{", b"{'content': 1}", b'{"content":"\xff"}', b"[" * 10_000 + b"]" * 10_000]:
            post("/api/notes", body).problem(400)
        for body in [b"[]", b"null", b'"content"']:
            self.assertEqual(post("/api/notes", body).pointers(), [""], body)
        post("/api/notes", b" " * (256 * 1024 + 1)).problem(413)
        self.assertEqual(post("/api/notes", {"content": 7}).pointers(), ["/content"])
        self.assertEqual(post("/api/notes", {"content": None}).pointers(), ["/content"])

    def test_unknown_members_are_ignored(self):
        note = self.alice.note(id=1, user={"id": self.bob.id}, user_id=self.bob.id, version=9, colour="red")
        self.assertEqual((note["user"]["id"], note["version"]), (self.alice.id, 1))
        self.assertNotIn("colour", note)

    def test_patch_takes_a_merge_patch(self):
        path = f"/api/notes/{self.alice.note()['id']}"
        media_type = "application/merge-patch+json"
        self.assertTrue(self.alice.patch(path, {"important": True}, Content_Type=media_type).is_(200)["important"])
        unchanged = self.alice.patch(path, {"content": None}, Content_Type=media_type)
        self.assertEqual(unchanged.pointers(), ["/content"])
        self.alice.put(path, {"important": True}, Content_Type=media_type).problem(415)
        self.alice.post("/api/notes", {"content": "x"}, Content_Type=media_type).problem(415)

    def test_every_type_of_problem_has_a_page(self):
        alice, anyone = self.alice, self.anyone
        for answer, status in [
            (anyone.get("/api/notes?x=1"), 400),
            (anyone.post("/api/notes", {}), 401),
            (alice.get("/api/users?disabled=any"), 403),
            (anyone.get("/api/notes/0"), 404),
            (anyone.post("/healthz", {}), 405),
            (alice.post("/api/users", {"username": alice.username, "name": "A", "password": PASSWORD}), 409),
            (alice.put(f"/api/notes/{alice.note()['id']}", {}, If_Match='"0-"'), 412),
            (alice.post("/api/notes", b" " * (256 * 1024 + 1)), 413),
            (alice.post("/api/notes", b"{}", Content_Type="text/plain"), 415),
            (alice.post("/api/notes", {}), 422),
        ]:
            answer.problem(status)
            self.assertTrue(answer.body["type"].startswith("/problems/"), answer.body)
            page = anyone.get(answer.body["type"])
            page.is_(200)
            self.assertTrue(page.headers["Content-Type"].startswith("text/html"), page.headers)
            self.assertIn("<h1>", page.text)
        anyone.get("/problems/nothing").problem(404)

    def test_the_operations_answer(self):
        for path in ["/healthz", "/readyz", "/docs"]:
            self.anyone.get(path).is_(200)
        document = self.anyone.get("/api/openapi.json").is_(200)
        self.assertTrue(document["openapi"].startswith("3.1"))
        self.assertIn("/api/notes/{id}", document["paths"])


class Conditional(Conformance):
    def test_a_tag_is_equal_exactly_when_the_bytes_are(self):
        path = f"/api/notes/{self.alice.note()['id']}"
        first, again = self.anyone.get(path), self.anyone.get(path)
        self.assertEqual((first.headers["ETag"], first.text), (again.headers["ETag"], again.text))
        self.assertTrue(first.headers["ETag"].startswith('"1-'))
        unchanged = self.anyone.get(path, If_None_Match=first.headers["ETag"])
        self.assertEqual((unchanged.status, unchanged.text), (304, ""))
        self.alice.put(path, {"content": "Another"}).is_(200)
        self.anyone.get(path, If_None_Match=first.headers["ETag"]).is_(200)

    def test_a_change_for_another_version_gets_the_current_one(self):
        carol = self.user("carol")
        for path, name in [
            (f"/api/notes/{carol.note()['id']}", "content"),
            (f"/api/teams/{self.team(carol)['id']}", "name"),
            (f"/api/users/{carol.id}", "name"),
        ]:
            text = f"Second {RUN}"
            tag = self.anyone.get(path).headers["ETag"]
            written = carol.put(path, {name: text}, If_Match=tag)
            self.assertEqual(written.is_(200)["version"], 2)
            refused = carol.put(path, {name: "Third"}, If_Match=tag)
            refused.problem(412)
            current = refused.body["current"]
            self.assertEqual((current[name], current["version"]), (text, 2), path)
            self.assertTrue(refused.headers["ETag"].startswith('"2-'), path)
            weak = "W/" + refused.headers["ETag"]
            self.assertEqual(carol.patch(path, {name: text + "!"}, If_Match=weak).is_(200)["version"], 3)
            self.admin.delete(path, If_Match=written.headers["ETag"]).problem(412)
            carol.put(path, {}, If_Match='"0-x", "3-y"').is_(200)
            carol.delete(path, If_Match="*").is_(204)
            self.admin.delete(path, If_Match="*").problem(404)

    def test_of_several_changes_for_one_version_one_is_made(self):
        path = f"/api/notes/{self.alice.note()['id']}"
        tag = self.anyone.get(path).headers["ETag"]
        with ThreadPoolExecutor(8) as pool:
            changes = [{"content": f"Edit {number}"} for number in range(16)]
            sent = [pool.submit(self.alice.put, path, change, If_Match=tag) for change in changes]
        answers = [one.result() for one in sent]
        [made] = [answer.body for answer in answers if answer.status == 200]
        self.assertEqual({answer.status for answer in answers}, {200, 412})
        self.assertEqual(self.anyone.get(path).is_(200), made)

    def test_a_change_to_what_it_is_already_is_none(self):
        note = self.alice.note("The same")
        for change in [{}, {"content": "The same", "important": False}]:
            self.assertEqual(self.alice.put(f"/api/notes/{note['id']}", change).is_(200), note)

    def test_a_mark_of_somebody_else_does_not_stand_in_the_way(self):
        path = f"/api/notes/{self.alice.note()['id']}"
        plain = self.anyone.get(path).headers["ETag"]
        tag = self.anyone.get(path + "?include=users_marked").headers["ETag"]
        self.bob.put(path + "/mark", {}).is_(201)
        self.assertEqual(self.anyone.get(path).headers["ETag"], plain)
        self.assertNotEqual(self.anyone.get(path + "?include=users_marked").headers["ETag"], tag)
        self.alice.put(path, {"important": True}, If_Match=tag).is_(200)
