"""Teams and their members."""

from client import Conformance


class Teams(Conformance):
    def test_who_makes_a_team_owns_it(self):
        team = self.team(self.alice)
        [owner] = team["users"]
        self.assertEqual((owner["id"], owner["role"], team["user_count"]), (self.alice.id, "owner", 1))
        self.assertEqual(self.bob.post("/api/teams", {"name": team["name"]}).problem(409), "name must be unique")
        path = f"/api/teams/{team['id']}"
        self.assertEqual(self.bob.put(path, {"name": "Mine"}).problem(403), "operation not allowed")
        self.assertEqual(self.alice.put(path, {"name": team["name"] + "!"}).is_(200)["version"], 2)

    def test_members_are_added_and_removed(self):
        team = f"/api/teams/{self.team(self.alice)['id']}"
        member = f"{team}/members/{self.bob.username}"
        self.anyone.get(member).problem(404)
        added = self.alice.send("PUT", member)
        self.assertEqual((added.is_(201)["role"], added.body["id"]), ("member", self.bob.id))
        self.assertEqual(self.alice.put(member, {"role": "owner"}).is_(200)["role"], "owner")
        self.alice.put(member, {"role": "member"}).is_(200)
        self.assertEqual([one["id"] for one in self.anyone.get(f"{team}/members").is_(200)], [self.alice.id, self.bob.id])
        self.bob.put(f"{team}/members/{self.alice.id}", {}).problem(403)
        self.bob.delete(member).is_(204)
        self.alice.delete(member).problem(404)

    def test_a_team_keeps_an_owner(self):
        team = f"/api/teams/{self.team(self.alice)['id']}"
        self.alice.delete(f"{team}/members/{self.alice.id}").problem(409)
        self.alice.put(f"{team}/members/{self.alice.id}", {"role": "member"}).problem(409)
        self.alice.put(f"{team}/members", {"user_ids": [self.bob.id]}).problem(409)

    def test_the_members_are_set_all_or_none(self):
        team = f"/api/teams/{self.team(self.alice)['id']}/members"
        self.assertEqual(self.alice.put(team, {}).pointers(), ["/user_ids"])
        unknown = self.alice.put(team, {"user_ids": [self.alice.id, 2**62, self.bob.id]})
        self.assertEqual(unknown.pointers(), ["/user_ids/1"])
        ids = [self.alice.id, self.bob.id, self.bob.id]
        users = self.alice.put(team, {"user_ids": ids}).is_(200)["users"]
        self.assertEqual([(one["id"], one["role"]) for one in users], [(self.alice.id, "owner"), (self.bob.id, "member")])

    def test_memberships_are_seen_from_the_user_s_side(self):
        team = self.team(self.alice)
        path = f"/api/users/{self.bob.username}/teams/{team['id']}"
        self.bob.put(path, {}).problem(403)
        self.assertEqual(self.alice.put(path, {}).is_(201)["role"], "member")
        self.assertIn(team["id"], [one["id"] for one in self.anyone.pages(f"/api/users/{self.bob.id}/teams?limit=1")])
        self.bob.delete(path).is_(204)
        self.anyone.get(path).problem(404)

    def test_a_team_outlives_its_owner(self):
        carol = self.user("carol")
        team = self.team(carol)
        carol.put(f"/api/teams/{team['id']}/members/{self.bob.id}", {}).is_(201)
        carol.delete(f"/api/users/{carol.id}").is_(204)
        [heir] = self.anyone.get(f"/api/teams/{team['id']}").is_(200)["users"]
        self.assertEqual((heir["id"], heir["role"]), (self.bob.id, "owner"))
