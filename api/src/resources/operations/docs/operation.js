// One operation: what it does, a form for its request, and the response.

import { element, paragraphs, prose } from "./dom.js";
import { asCurl, request, send, session } from "./request.js";
import { members, resolve, sample, typeOf } from "./schema.js";

/** An operation, folded until it is needed. */
export function card(api, { method, path, operation, item }) {
  const details = element("details", { id: operation.operationId, className: "operation" });
  const methods = item.put && item.patch && method === "put" ? ["put", "patch"] : [method];
  details.append(
    element(
      "summary",
      {},
      methods.map((name) => element("span", { className: `method ${name}` }, name.toUpperCase())),
      element("code", { className: "path" }, path),
      element("span", { className: "about" }, prose(operation.summary)),
    ),
  );
  details.addEventListener("toggle", () => details.append(...contents(api, method, path, operation, item)), {
    once: true,
  });
  return details;
}

function contents(api, method, path, operation, item) {
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) => resolve(api, one));
  const body = resolve(api, operation.requestBody);
  const form = requestForm(api, parameters, body);
  const curl = element("pre", { className: "curl", tabIndex: 0 });
  const response = element("section", { className: "response", hidden: true });
  response.setAttribute("aria-live", "polite");
  const current = () => request({ method, path, parameters, ...entered(form, body) });
  const show = () => (curl.textContent = asCurl(current()));
  form.addEventListener("input", show);
  addEventListener("session", show);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await answer(response, current());
  });
  const copy = element("button", { type: "button", className: "copy" }, "Copy as curl");
  copy.addEventListener("click", () => copyText(copy, curl));
  form.append(element("div", { className: "actions" }, element("button", { className: "send" }, "Send"), copy));
  show();
  return [
    ...paragraphs(operation.description),
    ...hints(operation),
    form,
    element("details", {}, element("summary", {}, "curl"), curl),
    response,
    responses(api, operation),
  ];
}

/** Who may send it, in a sentence. */
function hints({ security }) {
  const schemes = security.flatMap(Object.entries).filter(([scheme]) => scheme !== "sessionCookie");
  const needed = schemes.map(([scheme, scopes]) => {
    if (scheme === "session") return "a session";
    return scopes.length > 0 ? `an API token with the scope ${scopes.join(" or ")}` : "an API token";
  });
  const isOptional = security.length === 0 || security.some((one) => Object.keys(one).length === 0);
  return isOptional ? [] : [element("p", { className: "hint" }, `Needs ${needed.join(" or ")}.`)];
}

function requestForm(api, parameters, body) {
  const form = element("form", { className: "request" });
  for (const parameter of parameters) form.append(field(api, parameter));
  const [mediaType, content] = Object.entries(body.content ?? {})[0] ?? [];
  if (mediaType) {
    const example = content.example ?? Object.values(content.examples ?? {})[0]?.value;
    const value = JSON.stringify(example ?? sample(api, content.schema), null, 2);
    const rows = Math.min(12, value.split("\n").length + 1);
    form.append(
      element(
        "label",
        { className: "body" },
        element("span", {}, "Body", element("small", {}, ` ${mediaType}${body.required ? "" : ", may be empty"}`)),
        element("textarea", { name: "body", value, rows, spellcheck: false }),
      ),
      element("details", { className: "members" }, element("summary", {}, "Members"), members(api, content.schema)),
    );
  }
  return form;
}

function field(api, parameter) {
  const schema = resolve(api, parameter.schema);
  const name = `${parameter.in}:${parameter.name}`;
  const choices = schema.enum ?? (schema.type === "boolean" ? [true, false] : null);
  const input = choices
    ? element("select", { name }, element("option", { value: "" }), choices.map((choice) => element("option", {}, `${choice}`)))
    : element("input", { name, placeholder: `${schema.default ?? ""}`, autocomplete: "off", autocapitalize: "none" });
  input.required = parameter.required ?? false;
  const place = parameter.in === "query" ? "" : ` in the ${parameter.in}`;
  return element(
    "label",
    {},
    element("span", {}, element("code", {}, parameter.name), element("small", {}, ` ${typeOf(api, schema)}${place}`)),
    input,
    parameter.description ? element("span", { className: "hint" }, prose(parameter.description)) : "",
  );
}

/** What the form holds: a text for each parameter, and the body. */
function entered(form, body) {
  const values = new Map();
  let text = "";
  for (const [name, value] of new FormData(form)) {
    if (name === "body") text = value.trim();
    else values.set(name.slice(name.indexOf(":") + 1), value.trim());
  }
  return { values, body: text, mediaType: Object.keys(body.content ?? {})[0] };
}

async function answer(place, prepared) {
  place.hidden = false;
  place.replaceChildren(element("p", { className: "hint" }, "Waiting…"));
  try {
    const { response, headers, body, milliseconds } = await send(prepared);
    const outcome = response.ok || response.status === 304 ? "good" : "bad";
    const isLogin = prepared.url.endsWith("/api/login");
    if (response.status === 401 && session.get() && !isLogin) dispatchEvent(new Event("session-refused"));
    place.replaceChildren(
      element(
        "h4",
        {},
        element("span", { className: `status ${outcome}` }, `${response.status} ${response.statusText}`),
        element("small", {}, ` ${milliseconds} ms`),
      ),
      element("details", { className: "headers" }, element("summary", {}, "Headers"), element("pre", {}, headers)),
      body ? element("pre", { className: "answer", tabIndex: 0 }, body) : element("p", { className: "hint" }, "No body."),
    );
  } catch (error) {
    place.replaceChildren(element("p", { className: "status bad" }, `No response: ${error.message}`));
  }
}

/** Copies the command; where a browser does not allow that, on pages without TLS, it selects it. */
async function copyText(button, place) {
  let done = "Copied";
  try {
    await navigator.clipboard.writeText(place.textContent);
  } catch {
    place.closest("details").open = true;
    getSelection().selectAllChildren(place);
    done = "Selected";
  }
  const label = button.textContent;
  button.textContent = done;
  setTimeout(() => (button.textContent = label), 1500);
}

function responses(api, operation) {
  const rows = Object.entries(operation.responses ?? {}).map(([status, declared]) => {
    const response = resolve(api, declared);
    const content = Object.values(response.content ?? {})[0];
    const table = content && status < 300 ? members(api, content.schema) : null;
    const headers = Object.keys(response.headers ?? {}).join(", ");
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, status),
      element("td", {}, prose(response.description), headers ? element("small", {}, ` ${headers}`) : "", table),
    );
  });
  const table = element("table", {}, element("tbody", {}, rows));
  return element("details", { className: "responses" }, element("summary", {}, "Responses"), table);
}
