// The policy, and another one to try.

import { get } from "./api.js";
import { chart } from "./chart.js";
import { h, replace } from "./dom.js";
import { alpha, difference, factor, short, whole, words } from "./format.js";
import { table } from "./table.js";

export async function policy({ netuid }) {
  let changed = {};
  let stop = new AbortController();
  let later = 0;
  const said = h("p", { role: "status" });
  const picture = chart("/charts/multipliers");
  const rows = table({
    name: "Under the other policy",
    opens: (row) => `#/miners/${row.hotkey}`,
    empty: "No multiplier differs.",
    columns: [
      { name: "uid", label: "UID", by: (row) => row.uid, cell: (row) => whole(row.uid), class: "quiet" },
      { name: "hotkey", label: "Hotkey", cell: (row) => h("a", { href: `#/miners/${row.hotkey}`, class: "address", title: row.hotkey }, short(row.hotkey)) },
      { name: "now", label: "Now", number: true, at: "under", by: (row) => row.multiplier, cell: (row) => factor(row.multiplier) },
      { name: "other", label: "Then", number: true, at: "end", class: "strong", by: (row) => row.other_multiplier, cell: (row) => factor(row.other_multiplier) },
      {
        name: "change", label: "Change", number: true, at: "under", by: (row) => Number(row.other_multiplier) - Number(row.multiplier),
        cell: (row) => h("span", { class: row.other_multiplier < row.multiplier ? "fall" : "rise" }, difference(row.multiplier, row.other_multiplier)),
      },
      { name: "why", label: "Then limited", at: "none", cell: (row) => h("span", { class: "quiet" }, row.other_reason) },
    ],
    sort: { name: "change", way: "descending" },
  });
  const list = h("dl", { class: "facts" });
  const dials = h("div", { class: "dials" });
  const keys = h("p", { class: "keys" }, h("span", {}, "now"), h("span", { class: "other" }, "under the other policy"));
  const results = h("section", { class: "sheet flush", "aria-label": "Under the other policy" }, rows.element);

  let present = null;

  const VALUES = {
    retention_target: { label: "Retention target", low: 0.05, high: 1, step: 0.05, of: (p) => Number(p.retention_target), shown: (v) => `${Math.round(v * 100)} %` },
    max_multiplier: { label: "Largest multiplier", low: 1, high: 3, step: 0.05, of: (p) => Number(p.max_multiplier), shown: (v) => `×${v.toFixed(2)}` },
    retention_window_days: { label: "Window", low: 1, high: 90, step: 1, of: (p) => p.retention_window_days, shown: (v) => `${+v.toFixed(2)} days` },
    minimum_stake: { label: "Minimum stake", low: 0, high: 1_000, step: 1, of: (p) => Number(BigInt(p.minimum_stake)) / 1e9, shown: (v) => `${+v.toFixed(2)} α` },
  };
  const CHOICES = {
    formula: { label: "Formula", all: ["geometric_mean", "tiered", "linear", "logarithmic"] },
    duration_rule: { label: "Duration", all: ["default", "since_last_sale"] },
  };

  // The formulas' own keys, as the policy's text has them.
  const KEYS = {
    duration_scale_ms: (value) => ["Time scale", `${+(Number(value) / 86_400_000).toFixed(3)} days`],
    stake_tiers_on: (value) => ["Table about", words(value)],
    stake_tiers_rao_ppb: (value) => ["Table", value.split(",").map((line) => {
      const [rao, ppb] = line.split(":");
      return `${alpha(rao)} α ×${+(Number(ppb) / 1e9).toFixed(3)}`;
    }).join(", ")],
  };

  function set(key, value, now) {
    if (value === now) delete changed[key];
    else changed[key] = value;
    clearTimeout(later);
    later = setTimeout(ask, 250);
  }

  function draw() {
    changed = {};
    const sliders = Object.entries(VALUES).map(([key, dial]) => {
      const now = dial.of(present);
      const output = h("output", {}, dial.shown(now));
      const input = h("input", {
        type: "range", id: `dial-${key}`, min: Math.min(dial.low, now), max: Math.max(dial.high, now), step: "any",
        oninput: () => {
          const nearest = Math.round(input.valueAsNumber / dial.step) * dial.step;
          // Back at where it is now, whatever the steps.
          const value = Math.abs(nearest - now) < dial.step / 2 ? now : Math.min(Math.max(+nearest.toFixed(6), dial.low), +input.max);
          output.textContent = value === now ? dial.shown(now) : `${dial.shown(now)} → ${dial.shown(value)}`;
          input.setAttribute("aria-valuetext", dial.shown(value));
          set(key, value, now);
        },
        onkeydown: (event) => {
          const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 5, PageDown: -5 }[event.key];
          if (!way) return;
          event.preventDefault();
          input.valueAsNumber = Math.min(+input.max, Math.max(+input.min, (Math.round(input.valueAsNumber / dial.step) + way) * dial.step));
          input.dispatchEvent(new Event("input"));
        },
      });
      input.valueAsNumber = now;
      input.setAttribute("aria-valuetext", dial.shown(now));
      return h("div", { class: "dial" }, h("label", { htmlFor: input.id }, h("span", {}, dial.label), output), input);
    });
    const choices = Object.entries(CHOICES).map(([key, choice]) => {
      // A formula that cannot be tried without its keys is there where the policy has it.
      const all = choice.all.includes(present[key]) ? choice.all : [...choice.all, present[key]];
      const buttons = all.map((value) =>
        h("button", {
          type: "button", class: "plain", "aria-pressed": String(value === present[key]),
          onclick: () => {
            buttons.forEach((button, place) => button.setAttribute("aria-pressed", String(all[place] === value)));
            set(key, value, present[key]);
          },
        }, words(value)),
      );
      return h("div", { class: "dial", role: "group", "aria-label": choice.label }, h("p", { class: "small quiet" }, choice.label), h("div", { class: "group" }, buttons));
    });
    replace(dials, sliders, choices, h("div", {}, h("button", { type: "button", class: "plain", onclick: () => (draw(), ask()) }, "Back to the policy")));
  }

  async function ask() {
    stop.abort();
    stop = new AbortController();
    picture.show({ netuid, ...changed });
    const any = Object.keys(changed).length > 0;
    results.hidden = keys.hidden = !any;
    if (!any) {
      said.textContent = "Move a slider to see which multipliers would differ, over the same record.";
      return;
    }
    try {
      const found = await get("/v1/whatif", { netuid, ...changed }, stop.signal);
      const differing = found.neurons.filter((row) => row.differs);
      const mean = (part) => found.neurons.reduce((total, row) => total + Number(part(row)), 0) / (found.neurons.length || 1);
      said.textContent =
        found.other_incomplete_since !== null
          ? `The record begins at block ${whole(found.other_incomplete_since)} and does not cover this window: all multipliers would be 1.`
          : `${whole(differing.length)} of ${whole(found.neurons.length)} multipliers would differ; the mean would go from ×${mean((row) => row.multiplier).toFixed(4)} to ×${mean((row) => row.other_multiplier).toFixed(4)}.`;
      rows.show(differing);
    } catch (error) {
      if (error.name !== "AbortError") said.textContent = `This cannot be tried: ${error.message}`;
    }
  }

  async function load() {
    const stats = await get("/v1/stats", { netuid });
    const fresh = present === null || JSON.stringify(present) !== JSON.stringify(stats.policy);
    present = stats.policy;
    const shown = [
      ["Formula", words(present.formula)],
      ...Object.entries(present.formula_keys).map(([key, value]) => (KEYS[key] ?? ((text) => [words(key), text]))(value)),
      ["Retention target", `${Number(present.retention_target) * 100} %`],
      ["Largest multiplier", factor(present.max_multiplier, 2)],
      ["Window", `${present.retention_window_days} days`],
      ["Duration", words(present.duration_rule)],
      ["Opening", present.opening_cap === null ? "counts whole" : `counts at most ${+Number(present.opening_cap)} times the rewards`],
      ["Minimum stake", `${alpha(present.minimum_stake)} α, below: ${words(present.below_minimum)}`],
      ["Redistribution", words(present.redistribution) + (present.burn_uid === null ? "" : ` to uid ${present.burn_uid}`)],
      ["What nothing explains", words(present.unattributed)],
      ["In effect", present.shadow ? "shadow: computed, not applied" : present.effective_from_block === null ? "now" : `from block ${whole(present.effective_from_block)}`],
      ["Digest", h("span", { class: "address" }, stats.policy_digest)],
    ];
    replace(list, shown.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
    if (fresh) draw();
    await ask();
    return { as_of: stats.as_of, incomplete: stats.incomplete_since, policy: present };
  }

  const told = await load();
  return {
    title: "Policy",
    said: told,
    element: [
      h("div", { class: "head" }, h("h1", {}, "Policy"), h("p", {}, `Subnet ${netuid}`)),
      h("div", { class: "two" }, h("section", { class: "sheet" }, h("h2", {}, "In force"), list), h("section", { class: "sheet" }, h("h2", {}, "What if"), dials)),
      h("section", { class: "sheet" }, h("h2", {}, "Multipliers"), said, picture.element, keys),
      results,
    ],
    refresh: load,
    end: () => {
      stop.abort();
      clearTimeout(later);
      picture.end();
    },
  };
}
