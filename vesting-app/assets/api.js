// Questions to the server that this page came from; nobody else is asked.

const KEY = "vesting-token";

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function keepToken(token) {
  if (token) sessionStorage.setItem(KEY, token);
  else sessionStorage.removeItem(KEY);
}

export function hasToken() {
  return sessionStorage.getItem(KEY) !== null;
}

function headers(more = {}) {
  const token = sessionStorage.getItem(KEY);
  return token ? { ...more, Authorization: `Bearer ${token}` } : more;
}

export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

async function ask(path, query, signal) {
  let answer;
  try {
    answer = await fetch(address(path, query), { headers: headers(), signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "vesting does not answer");
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Problem(answer.status, problem.detail ?? `the answer is ${answer.status}`);
  }
  return answer;
}

export async function get(path, query = {}, signal = undefined) {
  return (await ask(path, query, signal)).json();
}

export async function text(path, query = {}, signal = undefined) {
  return (await ask(path, query, signal)).text();
}

/** Why the server is not ready; null where it is. */
export async function ready() {
  const answer = await fetch("/health/ready", { headers: headers(), cache: "no-store" });
  if (answer.status !== 503) return null;
  // Without the token nothing is told but that.
  return (await answer.json()).reasons?.join("; ") ?? "the token tells why";
}

/** Longer than the server is ever silent. */
const SILENCE = 40_000;

/** Resolves once the page is seen. */
function seen() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true })).then(seen);
}

/**
 * The server's events, for as long as the page is seen: taken up again after every interruption where it broke off. A
 * stream is read by hand, since an EventSource sends no token. A page that is not seen lets go of it, since a browser
 * has few connections for all pages from one server.
 */
export function listen({ event, lost, found }) {
  let last = null;
  let pause = 1_000;
  let hurry = () => {};
  let stop = new AbortController();
  const leave = () => stop.abort();
  document.addEventListener("visibilitychange", () => document.hidden && leave());
  addEventListener("pagehide", leave);

  const stream = async () => {
    stop = new AbortController();
    let alarm = setTimeout(leave, SILENCE);
    try {
      const more = last === null ? {} : { "Last-Event-ID": last };
      const answer = await fetch("/v1/events", { headers: headers(more), signal: stop.signal, cache: "no-store" });
      if (!answer.ok) {
        if (answer.status === 400) last = null;
        throw new Problem(answer.status, (await answer.json().catch(() => ({}))).detail ?? "");
      }
      found();
      pause = 1_000;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) throw new Problem(0, "vesting ended the connection");
        clearTimeout(alarm);
        alarm = setTimeout(leave, SILENCE);
        rest += value;
        const blocks = rest.split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) {
          const fields = Object.fromEntries(
            block.split("\n").filter((line) => line.includes(": ")).map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]),
          );
          if (fields.id) last = fields.id;
          if (fields.event) event(fields.event, JSON.parse(fields.data));
        }
      }
    } finally {
      clearTimeout(alarm);
    }
  };

  const run = async () => {
    for (;;) {
      await seen();
      try {
        await stream();
      } catch (error) {
        // Nothing is lost by a page that lets go of it.
        if (document.hidden) continue;
        lost(error);
      }
      await new Promise((resolve) => {
        hurry = resolve;
        setTimeout(resolve, pause);
      });
      pause = Math.min(pause * 1.6, 15_000);
    }
  };
  run();
  return { hurry: () => hurry() };
}
