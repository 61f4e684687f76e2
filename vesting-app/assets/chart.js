// Charts drawn by the server, in the colours and the width of this page.

import { text } from "./api.js";
import { h, picture, replace } from "./dom.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** A picture from `path`, drawn anew when the colours or the width change; `told(time)` says what was at a time. */
export function chart(path, told = null) {
  const canvas = h("div");
  const element = h("div", { class: "chart" }, canvas);
  let query = null;
  let width = 0;
  let stop = new AbortController();
  let steer = null;

  async function draw() {
    if (!width || !query) return;
    stop.abort();
    stop = new AbortController();
    try {
      const svg = picture(await text(path, { ...query, width, scheme: dark.matches ? "dark" : "light" }, stop.signal));
      replace(canvas, svg);
      steer?.place(svg);
    } catch (error) {
      if (error.name !== "AbortError") replace(canvas, h("p", { class: "quiet" }, `No chart: ${error.message}`));
    }
  }

  const sized = new ResizeObserver(([entry]) => {
    // Not on the page yet.
    if (!entry.contentRect.width) return;
    const now = Math.min(2_000, Math.max(240, Math.round(entry.contentRect.width)));
    if (now !== width) {
      width = now;
      draw();
    }
  });
  sized.observe(element);
  dark.addEventListener("change", draw);
  if (told) steer = needle(element, told);

  return {
    element,
    show(next) {
      query = next;
      return draw();
    },
    end() {
      stop.abort();
      sized.disconnect();
      dark.removeEventListener("change", draw);
    },
  };
}

/** A needle over the chart, by pointer and by arrow keys. */
function needle(element, told) {
  const line = h("div", { class: "needle", hidden: true });
  const box = h("div", { class: "told", hidden: true, "aria-live": "polite" });
  let frame = null;
  let part = 1;
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", "Chart; the arrow keys go from epoch to epoch");

  function at(next) {
    if (!frame) return;
    const found = told(frame.from + Math.min(1, Math.max(0, next)) * (frame.to - frame.from));
    if (!found) return;
    part = frame.to > frame.from ? (found.time - frame.from) / (frame.to - frame.from) : 0;
    const scale = element.clientWidth / frame.width;
    const x = (frame.left + part * (frame.right - frame.left)) * scale;
    line.hidden = box.hidden = false;
    line.style.left = `${x}px`;
    replace(box, found.lines.map((words) => h("div", {}, words)));
    const room = element.clientWidth - box.offsetWidth;
    box.style.left = `${Math.min(room, x > element.clientWidth / 2 ? x - box.offsetWidth - 12 : x + 12)}px`;
  }

  const off = () => {
    line.hidden = box.hidden = true;
  };
  element.append(line, box);
  element.addEventListener("pointermove", (event) => {
    if (!frame) return;
    const x = ((event.clientX - element.getBoundingClientRect().left) / element.clientWidth) * frame.width;
    at((x - frame.left) / (frame.right - frame.left));
  });
  element.addEventListener("pointerleave", off);
  element.addEventListener("blur", off);
  element.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") off();
    if (!step || !frame) return;
    event.preventDefault();
    const next = told(frame.from + part * (frame.to - frame.from), step);
    if (next) at((next.time - frame.from) / (frame.to - frame.from || 1));
  });
  return {
    place(svg) {
      const { left, right, from, to } = svg.dataset;
      frame = { left: +left, right: +right, from: +from, to: +to, width: svg.viewBox.baseVal.width };
    },
  };
}
