"""Each kind of change to a document: whether it is reported."""
import importlib.machinery
import importlib.util
import json
import unittest
from copy import deepcopy
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOADER = importlib.machinery.SourceFileLoader("breaking", str(HERE / "breaking"))
SPEC = importlib.util.spec_from_loader("breaking", LOADER)
assert SPEC
MODULE = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(MODULE)

DOCUMENT: dict[str, Any] = json.loads((HERE.parent / "openapi.json").read_text(encoding="utf-8"))


class Breaking(unittest.TestCase):
    def setUp(self) -> None:
        self.new = deepcopy(DOCUMENT)
        self.schemas = self.new["components"]["schemas"]
        self.list = self.new["paths"]["/api/notes"]["get"]
        self.create = self.new["paths"]["/api/notes"]["post"]

    def reported(self) -> list[str]:
        found: list[str] = MODULE.breaking(DOCUMENT, self.new)
        return found

    def assert_reported(self, change: str) -> None:
        self.assertIn(change, self.reported())

    def test_no_change_and_additions_are_not_reported(self) -> None:
        self.new["paths"]["/api/tags"] = {"get": deepcopy(self.list)}
        self.list["parameters"].append({"in": "query", "name": "tag", "schema": {"type": "string"}})
        self.schemas["NoteCore"]["properties"]["tags"] = {"type": "string"}
        self.schemas["NewNote"]["properties"]["tags"] = {"type": "string"}
        self.schemas["Content"]["maxLength"] += 1
        self.assertEqual(self.reported(), [])

    def test_what_is_gone_or_renamed(self) -> None:
        self.list["operationId"] = "notes"
        self.list["parameters"] = [p for p in self.list["parameters"] if p["name"] != "search"]
        del self.new["paths"]["/api/logout"]
        del self.create["responses"]["201"]["headers"]["Location"]
        self.assert_reported("GET /api/notes is called notes, not listNotes")
        self.assert_reported("GET /api/notes: query parameter search is gone")
        self.assert_reported("DELETE /api/logout is gone")
        self.assert_reported("POST /api/notes: 201: header Location is gone")

    def test_what_clients_have_to_send(self) -> None:
        self.list["security"] = [{"session": []}]
        self.list["parameters"][0]["required"] = True
        self.schemas["NewNote"]["required"].append("date")
        self.schemas["Content"]["maxLength"] -= 1
        name = self.list["parameters"][0]["name"]
        self.assert_reported("GET /api/notes needs a session")
        self.assert_reported(f"GET /api/notes: query parameter {name} is required")
        self.assert_reported("POST /api/notes: body: date is required")
        self.assert_reported("POST /api/notes: body: content: maxLength is 9999, not 10000")

    def test_what_clients_receive(self) -> None:
        core = self.schemas["NoteCore"]
        core["required"].remove("date")
        core["properties"]["important"]["type"] = ["boolean", "null"]
        del core["properties"]["updated_at"]
        self.schemas["Role"]["enum"].append("guest")
        self.assert_reported("GET /api/notes: 200: items: date can be missing")
        self.assert_reported(
            "GET /api/notes: 200: items: important is boolean or null, not boolean"
        )
        self.assert_reported("GET /api/notes: 200: items: updated_at is gone")
        self.assert_reported("GET /api/teams/{id}/members: 200: items: role has more values")


if __name__ == "__main__":
    unittest.main()
