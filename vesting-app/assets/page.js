// The page: which view is shown, how the record stands, and what comes by itself.

import { Problem, get, hasToken, keepToken, listen, ready } from "./api.js";
import { h, replace, waits } from "./dom.js";
import { epoch, epochs } from "./epochs.js";
import { ago, when, whole } from "./format.js";
import { miner } from "./miner.js";
import { miners } from "./miners.js";
import { policy } from "./policy.js";

const main = document.getElementById("main");
const pulse = document.getElementById("pulse");
const banners = document.getElementById("banners");
const news = document.getElementById("news");
const chooser = document.getElementById("netuid");

/** What is known of the subnets, and of the connection. */
const states = new Map();
let netuid = null;
let lostSince = null;
let unreadable = false;
let notReady = null;
let said = {};
let view = null;
let turn = 0;
let opening = false;
let live = null;

const VIEWS = [
  { path: /^\/?$/, section: "#/", open: () => miners({ netuid }) },
  { path: /^\/miners\/([^/]+)$/, section: "#/", open: (whom) => miner({ netuid, whom }) },
  { path: /^\/epochs$/, section: "#/epochs", open: () => epochs({ netuid, as_of: states.get(netuid)?.as_of ?? null }) },
  { path: /^\/epochs\/(\d+)$/, section: "#/epochs", open: (block) => epoch({ netuid, block }) },
  { path: /^\/policy$/, section: "#/policy", open: () => policy({ netuid }) },
];

/** Shows what the address asks for. */
async function show() {
  const [path, query] = location.hash.replace(/^#/, "").split("?");
  const asked = Number(new URLSearchParams(query).get("netuid"));
  if (states.has(asked) && query) choose(asked);
  const found = VIEWS.find((one) => one.path.test(path));
  if (!found) {
    location.hash = "#/";
    return;
  }
  document.querySelectorAll("#sections a").forEach((link) => {
    if (link.getAttribute("href") === found.section) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  const mine = ++turn;
  opening = true;
  view?.end?.();
  view = null;
  replace(main, waits());
  try {
    const next = await found.open(...path.match(found.path).slice(1).map(decodeURIComponent));
    if (mine !== turn) {
      next.end?.();
      return;
    }
    view = next;
    said = next.said ?? {};
    replace(main, next.element);
    document.title = `${next.title} · subnet ${netuid} · vesting`;
  } catch (error) {
    if (mine === turn) failed(error);
  }
  if (mine === turn) opening = false;
  tell();
}

function failed(error) {
  if (error.status === 401) {
    askForToken();
    return;
  }
  // What is not recorded yet comes with the first epoch; what has gone comes back with the connection.
  replace(main, h("section", { class: "sheet waits" }, h("div", {}, h("h1", {}, "Nothing to show yet"), h("p", { class: "quiet" }, error.message))));
  if (!(error instanceof Problem)) throw error;
}

function askForToken() {
  const input = h("input", { type: "password", id: "token", autocomplete: "off", required: true, "aria-describedby": "token-why" });
  const enter = (event) => {
    event.preventDefault();
    keepToken(input.value.trim());
    begin();
  };
  replace(
    main,
    h(
      "section",
      { class: "sheet ask" },
      h("h1", {}, "A token is needed"),
      h("p", { id: "token-why" }, hasToken() ? "The token was not the right one. " : "", "It is the ", h("code", {}, "api_token"), " of this vesting, and is kept until this tab is closed."),
      h("form", { onsubmit: enter }, h("label", { class: "unseen", htmlFor: "token" }, "Token"), input, h("button", { class: "plain" }, "Open")),
    ),
  );
  pulse.dataset.state = "wait";
  pulse.textContent = "Waiting for a token";
  input.focus();
}

function choose(next) {
  netuid = next;
  chooser.value = String(next);
}

/** Says how the record stands, in the header and in banners. */
function tell() {
  const state = states.get(netuid);
  document.body.toggleAttribute("data-lost", lostSince !== null);
  const list = [];
  if (lostSince !== null) {
    const at = lostSince.toLocaleTimeString("en-GB");
    const shown = said.as_of ? ` What you see is as of epoch ${whole(said.as_of)}.` : "";
    const again = h("button", { type: "button", class: "plain", onclick: () => live?.hurry() }, "Try now");
    list.push(["bad", `No connection to vesting since ${at}.${shown} Trying again by itself.`, again]);
  }
  if (unreadable) list.push(["bad", "The record cannot be read just now; the log of vesting says why."]);
  if (state?.stale) {
    list.push(["warn", `The record is stale: its last block is of ${when(state.time)}, ${ago(Date.now() - Date.parse(state.time))} ago. Newer sales are not known.`]);
  }
  if (notReady && lostSince === null) list.push(["warn", `Not ready: ${notReady}.`]);
  if (said.incomplete) list.push(["warn", `The record begins at block ${whole(said.incomplete)}, inside the window: every multiplier is 1 until it covers it.`]);
  if (said.unattributed && said.unattributed !== "0") list.push(["warn", `${said.unattributed} rao in the window are explained by nothing: see vesting ledger.`]);
  if (said.policy?.shadow) list.push(["warn", "Shadow: multipliers are computed and shown, weights are not changed."]);
  const text = JSON.stringify(list.map(([kind, words]) => [kind, words]));
  // Said once, not with every block.
  if (banners.dataset.said !== text) {
    banners.dataset.said = text;
    replace(banners, list.map(([kind, words, more]) => h("div", { class: `banner ${kind}` }, h("p", {}, words), more)));
  }
  if (lostSince !== null) {
    pulse.dataset.state = "lost";
    pulse.textContent = "No connection";
  } else if (state) {
    pulse.dataset.state = state.stale || unreadable ? "stale" : "live";
    pulse.textContent = `${state.stale ? "Stale" : "Live"} · block ${whole(state.block)}`;
    pulse.title = `last epoch ${whole(state.as_of)}, ${when(state.time)}`;
  }
}

let refreshing = false;
let again = false;

/** Brings the view up to the newest epoch; one at a time. */
async function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  do {
    again = false;
    const shown = view;
    try {
      if (shown?.refresh) said = { ...said, ...(await shown.refresh(states.get(netuid)?.as_of)) };
      // One that is being opened is not begun again with every epoch.
      else if (!shown && !opening) await show();
    } catch (error) {
      // A lost connection is said by the stream.
      if (error.status === 401 && !document.getElementById("token")) askForToken();
    }
    tell();
  } while (again);
  refreshing = false;
}

function heard(name, data) {
  unreadable = name === "unreadable";
  if (name === "state") {
    const known = states.get(data.netuid);
    states.set(data.netuid, data);
    if (!known) {
      offer();
      if (netuid === null) {
        choose(data.netuid);
        show();
      }
    }
  }
  if (name === "epoch" && data.netuid === netuid) {
    const known = states.get(netuid);
    if (known && !(known.as_of > data.block)) states.set(netuid, { ...known, as_of: data.block });
    news.textContent = `New epoch ${data.block}`;
    refresh();
  }
  tell();
}

/** The subnets to choose from. */
function offer() {
  const all = [...states.keys()].sort((one, other) => one - other);
  replace(chooser, all.map((one) => h("option", { value: String(one) }, String(one))));
  if (netuid !== null) chooser.value = String(netuid);
  document.getElementById("subnet").hidden = all.length < 2;
}

/** The first time, and again with another token. */
async function begin() {
  try {
    const list = await get("/v1/subnets");
    list.forEach((state) => states.set(state.netuid, state));
    offer();
    if (netuid === null && list.length) choose(list[0].netuid);
    if (netuid !== null) show();
    else replace(main, waits("Nothing is recorded yet; this page fills by itself."));
  } catch (error) {
    failed(error);
    if (error.status === 401) return;
  }
  if (live) {
    live.hurry();
    return;
  }
  live = listen({
    event: heard,
    found: () => {
      const back = lostSince !== null;
      lostSince = null;
      tell();
      if (back) refresh();
    },
    lost: (error) => {
      if (error.status === 401) {
        // Not anew under the hands of who types.
        if (!document.getElementById("token")) askForToken();
        return;
      }
      lostSince ??= new Date();
      tell();
    },
  });
  const look = async () => {
    notReady = await ready().catch(() => notReady);
    tell();
    setTimeout(look, 30_000);
  };
  look();
}

chooser.addEventListener("change", () => {
  choose(Number(chooser.value));
  // A miner or an epoch is one of its subnet.
  if (/^#\/(miners|epochs)\/./.test(location.hash)) location.hash = "#/";
  else show();
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", async () => {
  await show();
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
});
begin();
