// The types that openapi-typescript generates, with fetch (openapi-fetch).
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./types.js";

type Schemas = components["schemas"];
// Members with a default can be left out.
const draft: Schemas["NewNote"] = { content: "Book the room" };
const credentials: Schemas["Credentials"] = { username: "theo", password: "walnut-harbour-42" };

const client = createClient<paths>({ baseUrl: process.env.SERVICE_URL });
await client.POST("/api/users", { body: { ...credentials, name: "Theo" } });
const session = await client.POST("/api/login", { body: credentials });
assert.ok(session.data?.token);
const headers = { Authorization: `Bearer ${session.data.token}` };

const created = await client.POST("/api/notes", { body: draft, headers });
assert.ok(created.data);
const note: Schemas["Note"] = created.data;
assert.equal(note.important, false);
const marked = await client.POST("/api/readinglists", { body: { note_id: note.id }, headers });
assert.equal(marked.response.status, 201);
const unread = await client.GET("/api/readinglists", { params: { query: { read: false } }, headers });
assert.deepEqual(unread.data?.map((item) => item.id), [note.id]);
const rejected = await client.POST("/api/notes", { body: { content: "" }, headers });
assert.deepEqual(rejected.error?.errors?.map((violation) => violation.pointer), ["/content"]);
