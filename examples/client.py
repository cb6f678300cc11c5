#!/usr/bin/env python3
"""A client in Python, without dependencies: python3 examples/client.py http://127.0.0.1:3001"""

import json
import re
import sys
import time
import uuid
from urllib.error import HTTPError
from urllib.parse import urljoin
from urllib.request import Request, urlopen


class Failure(Exception):
    def __init__(self, status, headers, problem):
        super().__init__(f"{status}: {problem['detail']}")
        self.status, self.headers, self.problem = status, headers, problem


class Client:
    def __init__(self, url):
        self.url, self.token = url, None

    def call(self, method, path, body=None, **headers):
        """Returns the headers and the body of the response."""
        data = None if body is None else json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(urljoin(self.url, path), data, headers, method=method)
        try:
            with urlopen(request, timeout=30) as response:
                return response.headers, json.loads(response.read() or "null")
        except HTTPError as error:
            raise Failure(error.code, error.headers, json.load(error)) from None

    def log_in(self, username, password):
        body = {"username": username, "password": password}
        self.token = self.call("POST", "/api/login", body)[1]["token"]

    def create(self, path, body, key=None, attempts=3):
        """Creates something, once for a key, however often it has to be tried."""
        key = key or str(uuid.uuid4())
        for attempt in range(attempts):
            try:
                return self.call("POST", path, body, Idempotency_Key=key)[1]
            except (OSError, Failure) as failure:
                headers = failure.headers if isinstance(failure, Failure) else {"Retry-After": 1}
                if "Retry-After" not in headers or attempt + 1 == attempts:
                    raise
                time.sleep(float(headers["Retry-After"]))

    def all(self, path):
        """Yields the items of a list, page by page."""
        while path:
            headers, items = self.call("GET", path)
            yield from items
            link = re.search('<([^>]*)>; rel="next"', headers.get("Link", ""))
            path = link and link[1]

    def edit(self, path, change):
        """Changes a resource by what `change` makes of its current state; no other change is lost."""
        headers, current = self.call("GET", path)
        while True:
            try:
                return self.call("PUT", path, change(current), If_Match=headers["ETag"])[1]
            except Failure as failure:
                if failure.status != 412:
                    raise
                headers, current = failure.headers, failure.problem["current"]


def main(url):
    client, password = Client(url), "walnut-harbour-42"
    try:
        client.call("POST", "/api/users", {"username": "pia", "name": "Pia", "password": password})
    except Failure as failure:
        if failure.status != 409:  # signed up in an earlier run
            raise
    client.log_in("pia", password)
    water, key = {"content": "Water the plants"}, str(uuid.uuid4())
    note = client.create("/api/notes", water, key)
    assert client.create("/api/notes", water, key) == note  # as a retry gets it
    client.create("/api/notes", {"content": "Order paper"})
    path = f"/api/notes/{note['id']}"
    client.call("PUT", f"{path}/mark", {"read": False})

    def add_day(current):
        if current["version"] == 1:  # somebody is faster, so the first attempt gets 412
            client.call("PUT", path, {"important": True})
        return {"content": current["content"] + " on Friday"}

    client.edit(path, add_day)
    for note in client.all("/api/notes?user=pia&limit=1&fields=version,content"):
        print(note["version"], note["content"])
    _, marked = client.call("GET", f"{path}?include=users_marked")
    headers, _ = client.call("GET", "/api/readinglists?read=false&limit=1&count=exact")
    print("readers:", marked["marked_count"], "unread:", headers["X-Total-Count"])


main(sys.argv[1])
