// A client in TypeScript, for anything that has fetch: node examples/client.ts http://127.0.0.1:3001

interface Note {
  id: number;
  content: string;
  version: number;
}

class Failure extends Error {
  status: number;
  headers: Headers;
  problem: any;
  constructor(status: number, headers: Headers, problem: any) {
    super(`${status}: ${problem.detail}`);
    this.status = status;
    this.headers = headers;
    this.problem = problem;
  }
}

class Client {
  #url: string;
  #token = "";
  constructor(url: string) {
    this.#url = url;
  }

  async call(method: string, path: string, body?: object, more: Record<string, string> = {}) {
    const headers = new Headers({ "Content-Type": "application/json", ...more });
    if (this.#token) headers.set("Authorization", `Bearer ${this.#token}`);
    const init = { method, headers, body: body && JSON.stringify(body) };
    const response = await fetch(new URL(path, this.#url), init);
    const json = await response.json().catch(() => null); // 204 has no body
    if (!response.ok) throw new Failure(response.status, response.headers, json);
    return { headers: response.headers, body: json };
  }

  async logIn(username: string, password: string) {
    this.#token = (await this.call("POST", "/api/login", { username, password })).body.token;
  }

  /** Creates something, once for a key, however often it has to be tried. */
  async create(path: string, body: object, key: string = crypto.randomUUID(), attempts = 3) {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.call("POST", path, body, { "Idempotency-Key": key })).body;
      } catch (error) {
        const wait = error instanceof Failure ? error.headers.get("Retry-After") : "1";
        if (!wait || attempt === attempts) throw error;
        await new Promise((resolve) => setTimeout(resolve, Number(wait) * 1000));
      }
    }
  }

  /** The items of a list, page by page. */
  async *all<T>(path: string): AsyncGenerator<T> {
    for (let next: string | undefined = path; next; ) {
      const page: { headers: Headers; body: T[] } = await this.call("GET", next);
      yield* page.body;
      next = page.headers.get("Link")?.match(/<([^>]*)>; rel="next"/)?.[1];
    }
  }

  /** Changes a resource by what `change` makes of its current state; no other change is lost. */
  async edit<T>(path: string, change: (current: T) => Promise<object>): Promise<T> {
    let { headers, body: current } = await this.call("GET", path);
    for (;;) {
      try {
        const tag = { "If-Match": headers.get("ETag") ?? "" };
        return (await this.call("PUT", path, await change(current), tag)).body;
      } catch (error) {
        if (!(error instanceof Failure) || error.status !== 412) throw error;
        ({ headers, problem: { current } } = error);
      }
    }
  }
}

const client = new Client(process.argv[2] ?? "http://127.0.0.1:3001");
const user = { username: "tom", name: "Tom", password: "walnut-harbour-42" };
await client.call("POST", "/api/users", user).catch((error) => {
  if (error.status !== 409) throw error; // signed up in an earlier run
});
await client.logIn(user.username, user.password);
const [water, key] = [{ content: "Water the plants" }, crypto.randomUUID()];
const note: Note = await client.create("/api/notes", water, key);
const again: Note = await client.create("/api/notes", water, key); // as a retry gets it
if (again.id !== note.id) throw new Error("a retry made another note");
await client.create("/api/notes", { content: "Order paper" });
const path = `/api/notes/${note.id}`;
await client.call("PUT", `${path}/mark`, { read: false });
await client.edit<Note>(path, async ({ content, version }) => {
  // Somebody is faster, so the first attempt gets 412.
  if (version === 1) await client.call("PUT", path, { important: true });
  return { content: content + " on Friday" };
});
const notes = `/api/notes?user=${user.username}&limit=1&fields=version,content`;
for await (const { version, content } of client.all<Pick<Note, "version" | "content">>(notes)) {
  console.log(version, content);
}
const marked = await client.call("GET", `${path}?include=users_marked`);
const unread = await client.call("GET", "/api/readinglists?read=false&limit=1&count=exact");
console.log("readers:", marked.body.marked_count, "unread:", Number(unread.headers.get("X-Total-Count")));
