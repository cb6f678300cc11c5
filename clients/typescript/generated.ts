// The main job through the client that @hey-api/openapi-ts generates.
import assert from "node:assert/strict";
import * as api from "./client/sdk.gen.js";
import { client } from "./client/client.gen.js";

const credentials = { username: "heather", password: "walnut-harbour-42" };
let token = "";
client.setConfig({ baseUrl: process.env.SERVICE_URL, auth: () => token });

await api.createUser({ body: { ...credentials, name: "Heather" }, throwOnError: true });
const session = await api.logIn({ body: credentials, throwOnError: true });
assert.ok(session.data.token);
token = session.data.token;

for (const content of ["Water the plants", "Order paper", "Call the printer"]) {
  await api.createNote({ body: { content }, throwOnError: true });
}
const user = credentials.username;
const first = await api.listNotes({ query: { user, limit: 2 }, throwOnError: true });
assert.deepEqual(first.data.map((note) => note.content), ["Call the printer", "Order paper"]);
const next = first.response.headers.get("link")?.match(/<([^>]*)>; rel="next"/)?.[1];
assert.ok(next);
const cursor = new URL(next, process.env.SERVICE_URL).searchParams.get("cursor") ?? undefined;
const second = await api.listNotes({ query: { user, limit: 2, cursor }, throwOnError: true });
const [oldest] = second.data;
assert.equal(oldest?.content, "Water the plants");
const path = { id: oldest.id };

const marked = await api.markNote({ path, body: { read: true }, throwOnError: true });
assert.equal(marked.response.status, 201);
assert.equal(marked.data.note_id, oldest.id);

const tag = (await api.getNote({ path, throwOnError: true })).response.headers.get("etag");
assert.ok(tag);
const change = { path, body: { important: true }, headers: { "If-Match": tag } };
const changed = await api.updateNote({ ...change, throwOnError: true });
assert.equal(changed.data.version, 2);
const late = await api.updateNote(change);
assert.equal(late.response?.status, 412);
assert.equal(late.error?.type, "/problems/precondition-failed");
assert.equal(late.error.current?.["version"], 2);
