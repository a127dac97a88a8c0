// Figures, times and names in words.

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];
const SHORT = { day: "d", hour: "h", minute: "min" };

/** How long ago `at` (ISO 8601) was: `{ short: "3 h", long: "3 hours ago" }`. */
export function age(at, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1000);
  for (const [unit, size] of UNITS) {
    if (seconds >= size) {
      const count = Math.floor(seconds / size);
      return { short: `${count} ${SHORT[unit]}`, long: `${count} ${unit}${count === 1 ? "" : "s"} ago` };
    }
  }
  return { short: "now", long: "less than a minute ago" };
}

/** `at` in the reader's own time zone and words. */
export function moment(at) {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? String(at) : time.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/** Seconds as `m:ss`. */
export function clock(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** A place in a recording as `m:ss`. */
export function stamp(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** A share of 0 to 1 as a percentage; small ones keep a digit so that they are not shown as nothing. */
export function percent(share) {
  if (share === null || share === undefined) return "–";
  const value = share * 100;
  if (value > 0 && value < 0.1) return "< 0.1 %";
  return `${value < 10 && value > 0 ? value.toFixed(1) : Math.round(value)} %`;
}

/** An amount with its currency, in the reader's own way of writing it. */
export function money(amount, currency) {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
  } catch {
    return `${amount} ${currency}`; // a code that the browser does not know
  }
}

/** A number with at most `digits` decimals. */
export function number(value, digits = 2) {
  return typeof value === "number" ? value.toLocaleString(undefined, { maximumFractionDigits: digits }) : String(value ?? "–");
}

/** A difference with its sign. */
export function signed(value, digits = 2) {
  return `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(digits)}`;
}

/** An identifier in words: `image_text` is "Image text". */
export function words(name) {
  if (name === "ok") return "OK";
  const text = String(name).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
