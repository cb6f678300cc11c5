// The page: the document's operations by group, and the session that requests are sent with.

import { element, paragraphs, prose } from "./dom.js";
import { card } from "./operation.js";
import { BASE, send, session } from "./request.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const byId = (id) => document.getElementById(id);

/** The operations of the document; those of `PATCH` that are the same as `PUT` are left out. */
function operations(api) {
  return Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method] && !(method === "patch" && item.put)).map((method) => {
      const operation = item[method];
      operation.operationId ??= `${method}${path}`;
      return { method, path, item, operation, group: operation.tags?.[0] ?? "other" };
    }),
  );
}

function groups(all) {
  const groups = new Map();
  for (const one of all) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  // What is about the service itself comes last.
  return [...groups].sort(([one], [other]) => (one === "operations") - (other === "operations"));
}

function show(api) {
  byId("version").textContent = api.info.version;
  byId("about").append(element("h1", {}, api.info.title), ...paragraphs(api.info.description));
  byId("operations").replaceChildren();
  for (const [group, all] of groups(operations(api))) {
    const title = group[0].toUpperCase() + group.slice(1);
    byId("operations").append(
      element("section", { className: "group" }, element("h2", {}, title), all.map((one) => card(api, one))),
    );
    const links = all.map(({ method, path, operation }) =>
      element(
        "a",
        { href: `#${operation.operationId}`, title: path },
        element("span", { className: `method ${method}` }, method.toUpperCase()),
        element("span", {}, prose(operation.summary)),
      ),
    );
    byId("contents").append(element("details", { open: innerWidth > 800 }, element("summary", {}, title), links));
  }
  openTarget();
}

/** Opens the operation that the URL names. */
function openTarget() {
  const target = byId(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches("details.operation")) {
    target.open = true;
    target.scrollIntoView();
  }
}

function filter(text) {
  const sought = text.toLowerCase();
  for (const link of byId("contents").querySelectorAll("a")) {
    link.hidden = !`${link.textContent} ${link.title}`.toLowerCase().includes(sought);
  }
  for (const group of byId("contents").querySelectorAll("details")) {
    group.hidden = !group.querySelector("a:not([hidden])");
    if (sought) group.open = true;
  }
}

function showSession() {
  const current = session.get();
  byId("login").hidden = current !== null;
  byId("session").hidden = current === null;
  byId("user").textContent = current?.username ?? "";
  dispatchEvent(new Event("session"));
}

function showFailure(text) {
  byId("login-failure").textContent = text;
  byId("login-failure").hidden = text === "";
}

async function logIn(form) {
  const body = JSON.stringify(Object.fromEntries(new FormData(form)));
  const headers = { "Content-Type": "application/json" };
  const answer = await send({ url: new URL("api/login", BASE).href, method: "POST", headers, body });
  const read = JSON.parse(answer.body);
  if (!answer.response.ok) return showFailure(read.detail);
  session.set({ token: read.token, username: read.username });
  form.reset();
  showFailure("");
  showSession();
}

async function logOut() {
  const headers = { Authorization: `Bearer ${session.get().token}` };
  session.clear();
  showSession();
  await send({ url: new URL("api/logout", BASE).href, method: "DELETE", headers });
}

byId("login").addEventListener("submit", (event) => {
  event.preventDefault();
  logIn(event.target).catch((error) => showFailure(`No response: ${error.message}`));
});
byId("logout").addEventListener("click", () => logOut().catch((error) => showFailure(`No response: ${error.message}`)));
byId("filter").addEventListener("input", (event) => filter(event.target.value));
addEventListener("hashchange", openTarget);
addEventListener("session-refused", () => {
  session.clear();
  showSession();
  showFailure("The session has ended. Log in again.");
});

showSession();
try {
  show(await (await fetch(new URL("api/openapi.json", BASE))).json());
} catch (error) {
  byId("operations").replaceChildren(element("p", { className: "status bad" }, `The document can't be read: ${error.message}`));
}
