// A table that is sorted by its headings.

import { h, replace } from "./dom.js";

/**
 * `columns`: name, label, cell(row), and where it can be sorted `by(row)`; `number` for figures, `at` for its place in a
 * card on a phone (end, under, bar, none), and `phone` where it is there only. `opens(row)` is where a row leads.
 */
export function table({ name, columns, sort = null, opens = null, key = null, empty = "Nothing here." }) {
  let rows = [];
  let order = sort;
  let before = new Map();
  const body = h("tbody", { role: "rowgroup" });
  const headings = columns.map((column) => {
    const heading = h("th", { scope: "col", role: "columnheader", class: `${column.number ? "number" : ""} ${column.phone ? "phone" : ""}` });
    if (column.by) {
      const turn = () => {
        const first = column.number ? "descending" : "ascending";
        const other = first === "descending" ? "ascending" : "descending";
        order = { name: column.name, way: order?.name === column.name && order.way === first ? other : first };
        draw();
      };
      heading.append(h("button", { type: "button", onclick: turn }, column.label));
    } else {
      heading.append(column.label);
    }
    return heading;
  });
  const element = h(
    "table",
    { class: "cards", role: "table", "aria-label": name },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, headings)),
    body,
  );

  function compare(one, other, column) {
    const [a, b] = [column.by(one), column.by(other)];
    // What is not known stands at the end, whichever way.
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    const way = order.way === "ascending" ? 1 : -1;
    return a < b ? -way : a > b ? way : 0;
  }

  function draw() {
    columns.forEach((column, place) => {
      if (order?.name === column.name) headings[place].setAttribute("aria-sort", order.way);
      else headings[place].removeAttribute("aria-sort");
    });
    const column = order && columns.find((one) => one.name === order.name);
    const shown = column ? [...rows].sort((one, other) => compare(one, other, column)) : rows;
    const focused = body.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const drawn = shown.map((row) => {
      const cells = columns.map((one) =>
        h("td", { role: "cell", class: `${one.number ? "number" : ""} ${one.phone ? "phone" : ""} ${one.class ?? ""}`, "data-at": one.at, "data-name": one.label }, one.cell(row)),
      );
      const changed = key && before.has(key(row)) && before.get(key(row)) !== row.multiplier;
      const line = h("tr", { role: "row", class: `${opens ? "opens" : ""} ${changed ? "changed" : ""}` }, cells);
      if (opens) {
        line.addEventListener("click", (event) => {
          if (!event.target.closest("a") && !getSelection().toString()) location.hash = opens(row);
        });
      }
      return line;
    });
    replace(body, drawn.length ? drawn : h("tr", { role: "row" }, h("td", { class: "empty", role: "cell", colSpan: columns.length }, empty)));
    if (focused) body.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }

  return {
    element,
    /** Other rows; those that were there before with another multiplier light up. */
    show(next, animate = false) {
      before = animate && key ? new Map(rows.map((row) => [key(row), row.multiplier])) : new Map();
      rows = next;
      draw();
      before = new Map();
    },
  };
}
