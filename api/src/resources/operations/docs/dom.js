// Elements, built without HTML: what the document or a response says is never markup.

/** An element with these properties (attributes where there is a hyphen) and children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** Text in which what stands between backticks is code. */
export function prose(text) {
  const parts = (text ?? "").split("`");
  return parts.map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

/** A paragraph for each block of the text. */
export function paragraphs(text) {
  const blocks = (text ?? "").split("\n\n").filter((block) => block.trim() !== "");
  return blocks.map((block) => element("p", {}, prose(block)));
}
