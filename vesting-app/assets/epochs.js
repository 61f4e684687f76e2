// The epochs of the subnet, and what one of them did.

import { get } from "./api.js";
import { h, replace } from "./dom.js";
import { alpha, short, sum, when, whole, words } from "./format.js";
import { table } from "./table.js";

/** Epochs of one question: each comes with all that it changed. */
const AT_ONCE = 12;

export async function epochs({ netuid, as_of }) {
  let all = [];
  const opens = (row) => `#/epochs/${row.block}`;
  const amount = (part) => (row) => (row.changes ? alpha(sum(row.changes, part)) : "pruned");
  const rows = table({
    name: "Epochs",
    opens,
    empty: "No epoch is recorded yet.",
    columns: [
      { name: "block", label: "Block", class: "wider", cell: (row) => h("a", { href: opens(row) }, whole(row.block)) },
      { name: "time", label: "Time", at: "end", cell: (row) => h("span", { class: "quiet" }, when(row.time)) },
      { name: "positions", label: "Positions", number: true, at: "under", cell: (row) => (row.changes ? whole(row.changes.length) : "–") },
      { name: "emission", label: "Emission, α", number: true, at: "under", cell: amount((change) => change.true_emission) },
      { name: "incentive", label: "Incentive, α", number: true, at: "under", cell: amount((change) => change.incentive) },
      { name: "unattributed", label: "Unattributed, α", number: true, at: "under", cell: amount((change) => change.unattributed) },
      { name: "found", label: "Found by", at: "none", cell: (row) => h("span", { class: "quiet" }, words(row.detected)) },
    ],
  });
  const older = h("button", { type: "button", class: "plain", onclick: () => back() }, "Older epochs");

  async function some(from, to) {
    const list = await get("/v1/epochs", { netuid, from: Math.max(0, from), to });
    const known = new Set(all.map((row) => row.block));
    all = [...all, ...list.filter((row) => !known.has(row.block))].sort((one, other) => other.block - one.block);
    rows.show(all);
    return list.length;
  }

  const tempo = () => (all[0]?.tempo ?? 360) + 1;

  async function back() {
    older.disabled = true;
    const to = (all.at(-1)?.block ?? 1) - 1;
    // A subnet may have rested for long: then further back.
    let span = tempo() * AT_ONCE;
    let found = 0;
    while (!found && to > 0) {
      found = await some(to - span, to).catch(() => -1);
      if (span >= to) break;
      span *= 4;
    }
    older.disabled = false;
    older.hidden = found === 0;
  }

  if (as_of !== null) {
    const last = await get(`/v1/epochs/${as_of}`, { netuid });
    all = [last];
    await some(last.block - tempo() * AT_ONCE, last.block);
  } else {
    rows.show([]);
  }
  return {
    title: "Epochs",
    said: { as_of },
    element: [
      h("div", { class: "head" }, h("h1", {}, "Epochs"), h("p", {}, `Subnet ${netuid}, the newest first`)),
      h("section", { class: "sheet flush", "aria-label": "Epochs" }, rows.element),
      h("p", {}, older),
    ],
    refresh: async (newest) => {
      const last = all[0]?.block ?? newest - tempo() * AT_ONCE;
      if (newest > last) await some(last + 1, newest);
      return { as_of: newest };
    },
  };
}

export async function epoch({ netuid, block }) {
  const found = await get(`/v1/epochs/${encodeURIComponent(block)}`, { netuid });
  const rows = table({
    name: "What it did to every position",
    opens: (row) => `#/miners/${row.hotkey}`,
    empty: found.changes ? "No position changed." : "What it did was pruned from the record.",
    sort: { name: "emission", way: "descending" },
    columns: [
      { name: "uid", label: "UID", by: (row) => row.uid, cell: (row) => (row.uid === null ? "–" : whole(row.uid)), class: "quiet" },
      { name: "hotkey", label: "Hotkey", cell: (row) => h("a", { href: `#/miners/${row.hotkey}`, class: "address", title: row.hotkey }, short(row.hotkey)) },
      { name: "after", label: "Stake after, α", number: true, at: "under", by: (row) => BigInt(row.stake_after), cell: (row) => alpha(row.stake_after) },
      { name: "emission", label: "Emission, α", number: true, at: "end", class: "strong", by: (row) => BigInt(row.true_emission), cell: (row) => alpha(row.true_emission, 4) },
      { name: "incentive", label: "Incentive, α", number: true, at: "under", by: (row) => BigInt(row.incentive), cell: (row) => alpha(row.incentive, 4) },
      {
        name: "manual", label: "Bought − sold, α", number: true, at: "under", by: (row) => BigInt(row.manual_add_stake) - BigInt(row.manual_remove_stake),
        cell: (row) => alpha(BigInt(row.manual_add_stake) - BigInt(row.manual_remove_stake), 4),
      },
      { name: "unattributed", label: "Unattributed, α", number: true, at: "none", cell: (row) => alpha(row.unattributed, 4) },
    ],
  });
  rows.show(found.changes ?? []);
  const facts = h("dl", { class: "figures" });
  const figure = (name, value, more) => h("div", {}, h("dt", {}, name), h("dd", {}, value, more ? h("small", {}, more) : null));
  const total = (part) => (found.changes ? `${alpha(sum(found.changes, part), 0)} α` : "pruned");
  replace(
    facts,
    figure("Positions", found.changes ? whole(found.changes.length) : "–"),
    figure("Emission", total((change) => change.true_emission)),
    figure("Incentive", total((change) => change.incentive)),
    figure("Tempo", whole(found.tempo), found.epoch_index === null ? null : `the chain's epoch ${whole(found.epoch_index)}`),
    figure("Skipped before", whole(found.skipped_slots.length), `found by ${words(found.detected)}`),
  );
  return {
    title: `Epoch ${found.block}`,
    element: [
      h("p", { class: "trail" }, h("a", { href: "#/epochs" }, "← All epochs")),
      h("div", { class: "head" }, h("h1", {}, `Epoch ${whole(found.block)}`), h("p", {}, when(found.time))),
      facts,
      h("section", { class: "sheet flush" }, h("div", { class: "bar-of-tools" }, h("h2", {}, "What it did to every position")), rows.element),
    ],
  };
}
