// All miners of the subnet.

import { get } from "./api.js";
import { chart } from "./chart.js";
import { bar, h, replace } from "./dom.js";
import { alpha, days, factor, percent, short, when, whole, words } from "./format.js";
import { table } from "./table.js";

/** The part held as a bar with its figure; `target` is what earns the most. */
function held(part, target) {
  if (part === null) return h("span", { class: "held none" }, h("span"), h("span", { class: "quiet" }, "–"));
  return h("span", { class: "held" }, bar(part, target), h("span", {}, percent(part)));
}

export async function miners({ netuid }) {
  let target = null;
  let all = [];
  const opens = (row) => `#/miners/${row.hotkey}`;
  const rows = table({
    name: "Miners",
    opens,
    key: (row) => row.hotkey,
    sort: { name: "multiplier", way: "descending" },
    empty: "No miner matches.",
    columns: [
      { name: "uid", label: "UID", by: (row) => row.uid, cell: (row) => whole(row.uid), class: "quiet" },
      { name: "hotkey", label: "Hotkey", cell: (row) => h("a", { href: opens(row), class: "address", title: row.hotkey }, short(row.hotkey)) },
      { name: "stake", label: "Stake, α", number: true, at: "none", by: (row) => BigInt(row.stake), cell: (row) => alpha(row.stake) },
      { name: "held", label: "Held", number: true, at: "bar", by: (row) => row.holding_percentage, cell: (row) => held(row.holding_percentage, target) },
      { name: "days", label: "Days", number: true, at: "none", by: (row) => row.holding_duration, cell: (row) => days(row.holding_duration) },
      {
        name: "multiplier", label: "Multiplier", number: true, at: "end", class: "strong", by: (row) => row.multiplier,
        cell: (row) => h("span", { title: row.multiplier }, factor(row.multiplier)),
      },
      {
        name: "phone", label: "", at: "under", phone: true,
        cell: (row) => `${alpha(row.stake, 0)} α · ${days(row.holding_duration)} days · ${words(row.limited_by)}`,
      },
      { name: "limit", label: "Limited by", at: "none", by: (row) => row.limited_by, cell: (row) => h("span", { class: "quiet", title: row.reason }, words(row.limited_by)) },
    ],
  });
  const count = h("span", { class: "quiet small", role: "status" });
  const search = h("input", { type: "search", placeholder: "UID, hotkey, coldkey or limit", "aria-label": "Search miners", autocomplete: "off", spellcheck: false });
  const figures = h("dl", { class: "figures" });
  const title = h("p");
  const picture = chart("/charts/multipliers");

  function matches(row) {
    const asked = search.value.trim().toLowerCase();
    if (!asked) return true;
    if (/^\d{1,5}$/.test(asked)) return row.uid === Number(asked);
    return [row.hotkey, row.coldkey, words(row.limited_by), row.reason].some((text) => text.toLowerCase().includes(asked));
  }

  function show(animate) {
    const some = all.filter(matches);
    rows.show(some, animate);
    count.textContent = some.length === all.length ? `${whole(all.length)} miners` : `${whole(some.length)} of ${whole(all.length)} miners`;
  }

  async function load(animate) {
    const [next, stats] = await Promise.all([get("/v1/miners", { netuid }), get("/v1/stats", { netuid })]);
    all = next;
    target = Number(stats.policy.retention_target);
    const factors = all.map((row) => row.multiplier).sort();
    const middle = factors.length ? factor(factors[Math.floor(factors.length / 2)]) : "–";
    const figure = (name, value, more) => h("div", {}, h("dt", {}, name), h("dd", {}, value, more ? h("small", {}, more) : null));
    replace(
      figures,
      figure("Miners", whole(stats.num_miners), `${whole(stats.num_holders)} holders`),
      figure("Stake", `${alpha(stats.total_stake, 0)} α`, `${alpha(stats.avg_stake, 0)} α on average`),
      figure("Held on average", percent(stats.avg_holding_percentage), `for ${days(stats.avg_holding_duration)} days`),
      figure("Median multiplier", middle, `at most ${factor(stats.policy.max_multiplier, 2)}`),
      figure("Earned in the window", `${alpha(stats.total_emission, 0)} α`, `${whole(stats.epoch_count)} epochs of ${stats.policy.retention_window_days} days`),
    );
    title.textContent = `As of epoch ${whole(stats.as_of)}, ${when(stats.as_of_time)}`;
    show(animate);
    picture.show({ netuid });
    return { as_of: stats.as_of, incomplete: stats.incomplete_since, unattributed: stats.unattributed_total, policy: stats.policy };
  }

  search.addEventListener("input", () => show(false));
  const said = await load(false);
  return {
    title: "Miners",
    said,
    element: [
      h("div", { class: "head" }, h("h1", {}, `Subnet ${netuid}`), title),
      figures,
      h("section", { class: "sheet" }, h("h2", {}, "How many miners have which multiplier"), picture.element),
      h("section", { class: "sheet flush", "aria-label": "Miners" }, h("div", { class: "bar-of-tools" }, h("h2", {}, "Miners ", count), search), rows.element),
    ],
    refresh: () => load(true),
    end: () => picture.end(),
  };
}
