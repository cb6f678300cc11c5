// JSON schemas: a value to start from, and a table of members.

import { element, prose } from "./dom.js";

/** The schema, or what it refers to. */
export function resolve(api, schema) {
  let found = schema ?? {};
  while (found.$ref) {
    const steps = found.$ref.slice(2).split("/");
    const { $ref, ...beside } = found;
    found = { ...steps.reduce((part, step) => part[step], api), ...beside };
  }
  return found;
}

/** A value that the schema allows: its example, or one made of those of its members. */
export function sample(api, schema) {
  const resolved = resolve(api, schema);
  if ("example" in resolved) return resolved.example;
  if (resolved.examples?.length) return resolved.examples[0];
  if ("default" in resolved) return resolved.default;
  if (resolved.enum) return resolved.enum[0];
  const choices = resolved.oneOf ?? resolved.anyOf;
  if (choices) return sample(api, choices[0]);
  switch ([resolved.type].flat()[0]) {
    case "object":
      return sampleObject(api, resolved);
    case "array":
      return [sample(api, resolved.items)];
    case "integer":
    case "number":
      return resolved.minimum ?? 0;
    case "boolean":
      return true;
    case "string":
      return resolved.format === "date-time" ? new Date().toISOString() : "text";
    default:
      return {};
  }
}

function sampleObject(api, schema) {
  const required = schema.required ?? [];
  const members = Object.entries(schema.properties ?? {});
  const chosen = required.length ? members.filter(([name]) => required.includes(name)) : members.slice(0, 1);
  return Object.fromEntries(chosen.map(([name, member]) => [name, sample(api, member)]));
}

/** What a type is, in a few words. */
export function typeOf(api, schema) {
  const resolved = resolve(api, schema);
  if (resolved.enum) return resolved.enum.map((value) => JSON.stringify(value)).join(" or ");
  const choices = resolved.oneOf ?? resolved.anyOf;
  if (choices) return choices.map((choice) => typeOf(api, choice)).join(" or ");
  const type = [resolved.type ?? "object"].flat().join(" or ");
  if (type === "array") return `array of ${typeOf(api, resolved.items)}`;
  return resolved.format && resolved.format !== "int64" ? `${type} (${resolved.format})` : type;
}

/** The members of an object, or of the objects in an array. */
export function members(api, schema) {
  let resolved = resolve(api, schema);
  if (resolved.type === "array") resolved = resolve(api, resolved.items);
  const parts = [resolved, ...(resolved.allOf ?? []).map((part) => resolve(api, part))];
  const rows = parts.flatMap((part) =>
    Object.entries(part.properties ?? {}).map(([name, member]) => {
      const isRequired = (part.required ?? []).includes(name);
      return element(
        "tr",
        {},
        element("th", { scope: "row" }, element("code", {}, name), isRequired ? "" : element("small", {}, " optional")),
        element("td", {}, typeOf(api, member)),
        element("td", {}, prose(resolve(api, member).description)),
      );
    }),
  );
  return rows.length ? element("table", {}, element("tbody", {}, rows)) : null;
}
