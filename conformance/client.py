"""A client of the instance under test, which checks with every response what holds for all of them."""

import json
import os
import secrets
import unittest
import urllib.error
import urllib.request

URL = os.environ["SERVICE_URL"].rstrip("/")
ADMIN = os.environ.get("ADMIN_USERNAME", "admin")
PASSWORD = "walnut-harbour-42"

# Of this run: what it makes can be told from what is there already.
RUN = secrets.token_hex(4)


class Answer:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text
        is_json = headers.get("Content-Type", "").endswith(("/json", "+json"))
        self.body = json.loads(text) if is_json and text else None

    def is_(self, status):
        """Expects this status, and returns the body."""
        assert self.status == status, f"{self.status} instead of {status}: {self.text}"
        return self.body

    def problem(self, status):
        """Expects a well-formed problem with this status, and returns its `error`."""
        self.is_(status)
        assert self.headers["Content-Type"] == "application/problem+json", self.headers
        for member in ["type", "title", "detail"]:
            assert self.body[member], self.body
        assert self.body["status"] == status and self.body["error"] == self.body["detail"], self.body
        assert ("errors" in self.body) == (status == 422), self.body
        if status == 401:
            assert self.headers["WWW-Authenticate"].startswith("Bearer"), self.headers
        return self.body["error"]

    def pointers(self):
        """Expects a 422, and returns the pointers of its violations."""
        self.problem(422)
        return [one["pointer"] for one in self.body["errors"]]

    def next(self):
        """The URL of the next page, or None."""
        link = self.headers.get("Link", "")
        url, _, relation = link.partition(">; ")
        return url.removeprefix("<") if relation == 'rel="next"' else None


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


class Client:
    """Somebody who sends requests: signed in with a token, or not."""

    def __init__(self, token=None, user_id=None, username=None):
        self.token, self.id, self.username = token, user_id, username

    def send(self, method, path, body=None, **headers):
        """A request with a JSON body, or with one that is given as bytes. Headers have `_` for `-`."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        # What a response links to may be a URL.
        url = path if path.startswith("http") else URL + path
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            response = OPENER.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            answer = Answer(response.status, response.headers, response.read().decode())
        assert answer.headers["X-Request-Id"], f"{method} {path} has no X-Request-Id"
        assert answer.status < 500 or answer.status == 503, f"{method} {path}: {answer.text}"
        return answer

    def get(self, path, **headers):
        return self.send("GET", path, **headers)

    def post(self, path, body, **headers):
        return self.send("POST", path, body, **headers)

    def put(self, path, body, **headers):
        return self.send("PUT", path, body, **headers)

    def patch(self, path, body, **headers):
        return self.send("PATCH", path, body, **headers)

    def delete(self, path, **headers):
        return self.send("DELETE", path, **headers)

    def log_in(self, username, password=PASSWORD):
        """Another client, signed in."""
        login = self.post("/api/login", {"username": username, "password": password}).is_(200)
        client = Client(login["token"], username=login["username"])
        client.id = client.get("/api/sessions/current").is_(200)["user"]["id"]
        return client

    def note(self, content="A note", **members):
        return self.post("/api/notes", {"content": content, **members}).is_(201)

    def pages(self, path):
        """All items of a list."""
        items = []
        while path:
            answer = self.get(path)
            items += answer.is_(200)
            path = answer.next()
        return items


class Conformance(unittest.TestCase):
    """Has an admin, two users and somebody who is not signed in. Users are deleted in the end, and with
    them all that they made."""

    @classmethod
    def setUpClass(cls):
        cls.anyone = Client()
        cls.admin = cls.anyone.log_in(ADMIN, os.environ.get("ADMIN_PASSWORD", PASSWORD))
        cls.users = 0
        cls.alice, cls.bob = cls.user("alice"), cls.user("bob")

    @classmethod
    def user(cls, name):
        """A new user, signed in."""
        cls.users += 1
        username = f"{name}-{cls.__name__.lower()}{cls.users}-{RUN}"
        new = {"username": username, "name": name.capitalize(), "password": PASSWORD}
        created = cls.admin.post("/api/users", new).is_(201)
        cls.addClassCleanup(lambda: cls.admin.delete(f"/api/users/{created['id']}"))
        return cls.anyone.log_in(username)

    def team(self, owner, name=None):
        """A new team, which is deleted in the end: it would outlive its members."""
        name = name or f"Team {secrets.token_hex(4)} {RUN}"
        team = owner.post("/api/teams", {"name": name}).is_(201)
        self.addCleanup(lambda: self.admin.delete(f"/api/teams/{team['id']}"))
        return team
