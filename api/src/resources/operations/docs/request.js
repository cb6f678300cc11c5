// Requests: what is sent, the same as a command, and what comes back.

/** The service's own URL, below which it also works behind a path of a proxy. */
export const BASE = new URL(".", location.href);

const STORED = "teamnotes-session";

/** The session of this tab: `{ token, username }`, or null. */
export const session = {
  get: () => JSON.parse(sessionStorage.getItem(STORED)),
  set: (value) => sessionStorage.setItem(STORED, JSON.stringify(value)),
  clear: () => sessionStorage.removeItem(STORED),
};

/** A request: `values` has a text for each parameter that is filled in. */
export function request({ method, path, parameters, values, mediaType, body }) {
  const given = (place) =>
    parameters.filter((parameter) => parameter.in === place && values.get(parameter.name));
  const filled = given("path").reduce(
    (path, { name }) => path.replace(`{${name}}`, encodeURIComponent(values.get(name))),
    path,
  );
  const url = new URL(filled.slice(1), BASE);
  for (const { name } of given("query")) url.searchParams.append(name, values.get(name));
  const headers = {};
  const current = session.get();
  if (current && path.startsWith("/api/")) headers.Authorization = `Bearer ${current.token}`;
  if (body) headers["Content-Type"] = mediaType;
  for (const { name } of given("header")) headers[name] = values.get(name);
  return { url: url.href, method: method.toUpperCase(), headers, body: body || undefined };
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The request as a command for a shell. */
export function asCurl({ url, method, headers, body }) {
  const lines = [`curl ${quoted(url)}`];
  if (method !== "GET") lines[0] = `curl -X ${method} ${quoted(url)}`;
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body) lines.push(`--data-raw ${quoted(body)}`);
  return lines.join(" \\\n  ");
}

/** The response: status, headers as text, the body as text, and how long it took. */
export async function send({ url, ...options }) {
  const started = performance.now();
  // The browser's cache would answer in place of the service, and its session cookie in place of the one of this page.
  const response = await fetch(url, { ...options, cache: "no-store", credentials: "omit" });
  const text = await response.text();
  const milliseconds = Math.round(performance.now() - started);
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  return { response, headers, body: indented(text), milliseconds };
}

/** JSON with line breaks, as far as ids survive JavaScript's numbers; anything else as it is. */
function indented(text) {
  try {
    const value = JSON.parse(text);
    return /\d{16}/.test(text) ? text : JSON.stringify(value, null, 2);
  } catch {
    return text;
  }
}
