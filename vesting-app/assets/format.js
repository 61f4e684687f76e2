// Figures as people read them. Amounts are whole rao in text: no float before the last digit shown.

const groups = new Intl.NumberFormat("en", { useGrouping: true });

/** Rao as alpha, rounded half up. */
export function alpha(rao, places = 2) {
  if (rao === null || rao === undefined) return "–";
  const amount = BigInt(rao);
  const size = amount < 0n ? -amount : amount;
  const unit = 10n ** BigInt(9 - places);
  const rounded = (size + unit / 2n) / unit;
  const scale = 10n ** BigInt(places);
  const rest = places ? `.${(rounded % scale).toString().padStart(places, "0")}` : "";
  return `${amount < 0n ? "−" : ""}${groups.format(rounded / scale)}${rest}`;
}

export function sum(rows, part) {
  return rows.reduce((total, row) => total + BigInt(part(row)), 0n);
}

export function whole(number) {
  return number === null || number === undefined ? "–" : groups.format(number);
}

export function percent(part, places = 1) {
  return part === null || part === undefined ? "–" : `${(part * 100).toFixed(places)} %`;
}

export function days(count) {
  return count === null || count === undefined ? "–" : count.toFixed(2);
}

/** A decimal with nine places, cut to fewer. */
export function factor(text, places = 4) {
  return `×${text.slice(0, text.indexOf(".") + 1 + places)}`;
}

/** A difference of two decimals with nine places, exact. */
export function difference(from, to) {
  const change = BigInt(to.replace(".", "")) - BigInt(from.replace(".", ""));
  const size = (change < 0n ? -change : change).toString().padStart(10, "0");
  return `${change < 0n ? "−" : "+"}${size.slice(0, -9)}.${size.slice(-9, -5)}`;
}

export function short(address) {
  return `${address.slice(0, 6)}…${address.slice(-6)}`;
}

const moment = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "UTC" });

export function when(time) {
  return time ? `${moment.format(new Date(time))} UTC` : "–";
}

export function ago(milliseconds) {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} days`;
}

export function words(name) {
  return name.replaceAll("_", " ");
}
