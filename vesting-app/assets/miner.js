// One miner: why it has its multiplier, and how that came to be.

import { get } from "./api.js";
import { chart } from "./chart.js";
import { bar, h, replace } from "./dom.js";
import { alpha, days, difference, factor, percent, short, when, whole, words } from "./format.js";
import { table } from "./table.js";

const SPANS = [60, 200, 600, 1_000];

function facts(pairs, kind = "") {
  return h("dl", { class: `facts ${kind}` }, pairs.filter(([, value]) => value !== null).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** The hotkeys of a holder, with what it holds on each; those of others' neurons too. */
function hotkeys(positions) {
  const one = ({ hotkey, uid, stake }) =>
    h("li", {}, uid === null ? h("span", { class: "address", title: hotkey }, short(hotkey)) : h("a", { class: "address", href: `#/miners/${hotkey}`, title: hotkey }, short(hotkey)), ` ${alpha(stake)} α`);
  return h("ul", { class: "hotkeys" }, positions.map(one));
}

export async function miner({ netuid, whom }) {
  let epochs = 200;
  let points = [];
  const top = h("div", { class: "two" });
  const more = h("div", { class: "two" });
  const sales = h("section", { class: "sheet flush" });
  const heading = h("h1", {});
  const under = h("p");

  /** The epoch at a time, or so many after it. */
  function told(time, step = 0) {
    if (!points.length) return null;
    let nearest = 0;
    points.forEach((point, place) => {
      if (Math.abs(Date.parse(point.time) - time) < Math.abs(Date.parse(points[nearest].time) - time)) nearest = place;
    });
    const point = points[Math.min(points.length - 1, Math.max(0, nearest + step))];
    return {
      time: Date.parse(point.time),
      lines: [
        h("b", {}, `Epoch ${whole(point.as_of)}`),
        when(point.time),
        `Multiplier ${factor(point.multiplier)}`,
        `Stake ${alpha(point.stake)} α · held ${percent(point.holding_percentage)}`,
        `Earned ${alpha(point.earned, 4)} · sold ${alpha(point.sold, 4)}`,
      ],
    };
  }

  const picture = chart(`/charts/history/${encodeURIComponent(whom)}`, told);
  const past = table({
    name: "Epochs of this miner",
    columns: [
      { name: "epoch", label: "Epoch", by: (row) => row.as_of, cell: (row) => h("a", { href: `#/epochs/${row.as_of}` }, whole(row.as_of)), class: "wider" },
      { name: "time", label: "Time", at: "end", cell: (row) => h("span", { class: "quiet" }, when(row.time)) },
      { name: "multiplier", label: "Multiplier", number: true, at: "under", by: (row) => row.multiplier, cell: (row) => factor(row.multiplier) },
      { name: "held", label: "Held", number: true, at: "under", cell: (row) => percent(row.holding_percentage) },
      { name: "stake", label: "Stake, α", number: true, at: "under", cell: (row) => alpha(row.stake) },
      { name: "earned", label: "Earned, α", number: true, at: "under", by: (row) => BigInt(row.earned), cell: (row) => alpha(row.earned, 4) },
      { name: "sold", label: "Sold, α", number: true, at: "under", by: (row) => BigInt(row.sold), cell: (row) => alpha(row.sold, 4) },
    ],
    sort: { name: "epoch", way: "descending" },
  });

  const span = (count) =>
    h("button", { type: "button", class: "plain", "aria-pressed": String(count === epochs), "data-count": count, onclick: () => choose(count) }, whole(count));
  const spans = h("div", { class: "group", role: "group", "aria-label": "Epochs shown" }, SPANS.map(span));

  async function choose(count) {
    epochs = count;
    spans.querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", String(+button.dataset.count === count)));
    await history();
  }

  async function history() {
    const asked = epochs;
    const [next] = await Promise.all([get(`/v1/miners/${encodeURIComponent(whom)}/history`, { netuid, epochs: asked }), picture.show({ netuid, epochs: asked })]);
    if (asked !== epochs) return;
    points = next;
    past.show(points);
  }

  async function load(again) {
    const { miner: row, explanation: why } = await get(`/v1/miners/${encodeURIComponent(whom)}`, { netuid });
    const uid = row?.uid ?? why.positions.find((position) => position.uid !== null)?.uid ?? null;
    heading.textContent = row ? `Miner ${row.uid}` : "Holder";
    under.textContent = `As of epoch ${whole(why.as_of)} of subnet ${netuid}`;
    const terms = why.terms.map((term) =>
      h(
        "div",
        {},
        h("div", { class: "line" }, h("span", {}, `${term.name}: ${term.meaning}`), h("b", {}, percent(Number(term.value)))),
        bar(Number(term.value) / Number(term.most)),
      ),
    );
    const holder = why.holder;
    replace(
      top,
      h(
        "section",
        { class: "sheet", "aria-label": "Multiplier" },
        h("p", { class: "factor", title: why.multiplier }, factor(why.multiplier), " ", h("small", {}, `of at most ${factor(why.max_multiplier, 2)}`)),
        h("p", {}, why.reason),
        h("div", { class: "terms" }, terms),
      ),
      h(
        "section",
        { class: "sheet", "aria-label": "Names" },
        facts([
          ["UID", uid === null ? null : whole(uid)],
          ["Hotkey", row ? h("span", { class: "address" }, row.hotkey) : null],
          ["Coldkey", h("span", { class: "address" }, why.coldkey)],
          ["All hotkeys", why.positions.length > 1 ? hotkeys(why.positions) : null],
          ["Held", why.holding_percentage === null ? "nothing earned in the window" : `${percent(why.holding_percentage)} of the rewards`],
          ["Held for", why.holding_duration === null ? null : `${days(why.holding_duration)} days on average`],
          ["Limited by", words(why.limited_by)],
          ["Window", `from block ${whole(why.window_start)}`],
        ]),
      ),
    );
    const raise = [];
    const line = (words_, value) => raise.push(h("li", {}, h("span", {}, words_), h("b", { title: value }, factor(value), " ", h("span", { class: "quiet small" }, difference(why.multiplier, value)))));
    if (why.sale_count && why.multiplier_unsold) line(`Had nothing been sold (${whole(why.sale_count)} sales)`, why.multiplier_unsold);
    why.ahead.forEach((ahead) => line(`In ${ahead.days.toFixed(ahead.days < 1 ? 2 : 0)} days, if nothing is sold and rewards come as before`, ahead.multiplier));
    if (why.multiplier_with_minimum_stake) line("With the minimum stake", why.multiplier_with_minimum_stake);
    replace(
      more,
      h(
        "section",
        { class: "sheet" },
        h("h2", {}, "In the window, α"),
        holder
          ? facts(
              [
                ["Rewards earned", alpha(holder.rewards, 4)],
                ["of which kept", alpha(holder.rewards_kept, 4)],
                ["Other emission", alpha(holder.other, 4)],
                ["of which kept", alpha(holder.other_kept, 4)],
                ["Left of the opening stake", alpha(holder.opening_kept, 4)],
                ["Bought or moved in", alpha(holder.manual_kept, 4)],
                ["Sold or moved out", alpha(holder.sold, 4)],
                ["Stake now", h("b", {}, alpha(holder.stake, 4))],
                ["Locked", why.locked_stake === null ? null : alpha(why.locked_stake, 4)],
              ],
              "amounts",
            )
          : h("p", { class: "quiet" }, "No holder of this window."),
      ),
      h("section", { class: "sheet" }, h("h2", {}, "What would raise it"), raise.length ? h("ul", { class: "raise" }, raise) : h("p", { class: "quiet" }, "Nothing that the record tells of.")),
    );
    const list = table({
      name: "Largest sales",
      columns: [
        { name: "block", label: "Block", by: (sale) => sale.block, cell: (sale) => whole(sale.block), class: "wider" },
        { name: "time", label: "Time", at: "end", cell: (sale) => h("span", { class: "quiet" }, when(sale.time)) },
        { name: "kind", label: "What", at: "under", cell: (sale) => words(sale.kind) },
        { name: "amount", label: "Amount, α", number: true, at: "under", by: (sale) => BigInt(sale.amount), cell: (sale) => alpha(sale.amount, 4) },
        { name: "rewards", label: "Of rewards, α", number: true, at: "under", cell: (sale) => alpha(sale.of_rewards, 4) },
        { name: "without", label: "Without it", number: true, at: "under", class: "strong", by: (sale) => sale.multiplier_without, cell: (sale) => factor(sale.multiplier_without) },
      ],
    });
    list.show(why.largest_sales);
    sales.hidden = !why.largest_sales.length;
    replace(sales, h("div", { class: "bar-of-tools" }, h("h2", {}, "What the largest sales cost")), list.element);
    // Takes longer than the rest, which need not wait for it.
    const drawn = history().catch((error) => {
      if (!points.length) past.show([]);
      return error;
    });
    if (again) await drawn;
    return { as_of: why.as_of, incomplete: why.incomplete_since };
  }

  const said = await load(false);
  return {
    title: `Miner ${short(whom)}`,
    said,
    element: [
      h("p", { class: "trail" }, h("a", { href: "#/" }, "← All miners")),
      h("div", { class: "head" }, heading, under),
      top,
      h(
        "section",
        { class: "sheet" },
        h("div", { class: "bar-of-tools" }, h("h2", {}, "History"), h("span", { class: "quiet small" }, "Last epochs"), spans),
        picture.element,
        h("details", {}, h("summary", {}, "The same as a table"), past.element),
      ),
      more,
      sales,
    ],
    refresh: () => load(true),
    end: () => picture.end(),
  };
}
