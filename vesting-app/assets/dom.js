// Elements, made without any markup in text: what comes from the record is never read as markup.

/** An element with properties and children; what is null is left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && !name.includes("-") && name !== "list" && name !== "for") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

export function append(element, children) {
  for (const child of children.flat(3)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** A part of a whole as a bar; `mark` is what is asked for. */
export function bar(part, mark = null) {
  const fill = h("i");
  fill.style.width = `${Math.min(100, Math.max(0, part * 100))}%`;
  const element = h("span", { class: "bar", "aria-hidden": "true" }, fill);
  if (mark !== null) {
    const target = h("b");
    target.style.left = `${Math.min(100, Math.max(0, mark * 100))}%`;
    element.append(target);
  }
  return element;
}

/** The picture in an SVG text. */
export function picture(text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  return document.importNode(parsed, true);
}

export function waits(words = "One moment …") {
  return h("p", { class: "waits" }, words);
}
