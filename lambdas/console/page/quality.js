// How good the decisions are, by what people say of them, and how far people agree with each other.

import { call } from "./api.js";
import { fill, h } from "./dom.js";
import { number, percent, words } from "./format.js";
import { serviceIcon } from "./queue.js";
import { empty, loading, notice } from "./parts.js";

/** The page; it fetches its figures when it is shown. */
export function qualityView() {
  const place = h("div", { class: "quality" });
  async function load() {
    fill(place, loading("The figures are being fetched"));
    try {
      const [{ agreement }, { quality }] = await Promise.all([call("GET", "v1/reviews/agreement"), call("GET", "v1/reviews/quality")]);
      fill(place, header(load), overturned(quality), agreed(agreement));
    } catch (error) {
      if (error.status === undefined) throw error;
      fill(place, notice("bad", error.message, h("button", { type: "button", class: "button compact", text: "Try again", on: { click: load } })));
    }
  }
  return { element: place, load };
}

function header(load) {
  return h("div", { class: "row spread" },
    h("h1", { text: "Quality", tabindex: -1 }),
    h("button", { type: "button", class: "button compact", text: "Refresh", on: { click: load } }));
}

function overturned(rows) {
  const known = rows.filter((row) => row.n > 0);
  const title = "Decisions that people would have made otherwise";
  if (!known.length) return section(title, empty("sample", "No verdicts yet", "The first ones make these figures."));
  return section(title,
    h("p", { class: "muted small", text: "Of clear decisions that nobody doubted, a sample drawn at random. The line is the 95 % interval." }),
    h("div", { class: "cards" }, known.map((row) => h("article", { class: "card" },
      h("div", { class: "row" }, serviceIcon(row.service), h("h3", { text: words(row.service) })),
      h("p", { class: "figure", text: percent(row.share) }),
      whisker(row.share, row.interval, 0, scaleOf(row), percent),
      h("p", { class: "small muted", text: `${row.overturned} of ${row.n} overturned${between(row.interval, percent)}` })))));
}

function agreed(rows) {
  const known = rows.filter((row) => row.n > 0);
  const title = "Agreement of two people on the same item";
  if (!known.length) return section(title, empty("people", "No second opinions yet", "Some items are given to two people, neither of whom sees the other's answer."));
  return section(title,
    h("p", { class: "muted small", text: "Cohen's kappa: 0 is what chance gives, 1 is always. The line is the 95 % interval." }),
    h("div", { class: "cards" }, known.map((row) => h("article", { class: "card" },
      h("div", { class: "row" }, serviceIcon(row.service), h("h3", { text: words(row.service) })),
      h("p", { class: "figure" }, row.kappa === null ? "–" : number(row.kappa, 2), h("span", { class: "figure-unit", text: ` kappa${row.kappa === null ? "" : `, ${strength(row.kappa)}`}` })),
      row.kappa !== null && whisker(row.kappa, row.interval, -1, 1, (value) => number(value, 1)),
      h("p", { class: "small muted", text: `${row.n} items, the same answer on ${percent(row.observed)}${between(row.interval, (value) => number(value, 2))}` }),
      matrix(row.pairs)))));
}

function section(title, ...children) {
  return h("section", { class: "quality-section" }, h("h2", { class: "section-title", text: title }), ...children);
}

/** The end of a scale on which the share and its interval are seen well. */
function scaleOf({ share, interval }) {
  const most = Math.max(share, ...(interval ?? []));
  return [0.05, 0.1, 0.2, 0.5].find((end) => most <= end) ?? 1;
}

/** The value as a dot and its interval as a line on a scale from `from` to `to`, whose ends are `shown`. */
function whisker(value, interval, from, to, shown) {
  const at = (x) => `${((Math.min(Math.max(x, from), to) - from) / (to - from)) * 100}%`;
  const [low, high] = interval ?? [value, value];
  return h("div", { "aria-hidden": "true" }, h("div", { class: "whisker" },
    h("span", { class: "whisker-line", style: { left: at(low), width: `${((Math.min(high, to) - Math.max(low, from)) / (to - from)) * 100}%` } }),
    h("span", { class: "whisker-dot", style: { left: at(value) } }),
    from < 0 && h("span", { class: "whisker-zero", style: { left: at(0) } })),
  h("div", { class: "row spread small muted" }, [from, ...(from < 0 ? [0] : []), to].map((end) => h("span", { text: shown(end) }))));
}

function between(interval, shown) {
  return interval ? `, 95 %: ${shown(interval[0])} to ${shown(interval[1])}` : "";
}

/** The words of Landis and Koch (1977), which are a convention, not a law. */
function strength(kappa) {
  if (kappa < 0) return "worse than chance";
  const steps = [[0.2, "slight"], [0.4, "fair"], [0.6, "moderate"], [0.8, "substantial"]];
  return steps.find(([to]) => kappa <= to)?.[1] ?? "almost perfect";
}

function matrix(pairs) {
  const names = [...new Set([...Object.keys(pairs), ...Object.values(pairs).flatMap(Object.keys)])].sort();
  if (!names.length || names.length > 8) return null;
  const most = Math.max(...Object.values(pairs).flatMap(Object.values), 1);
  return h("details", { class: "fold" }, h("summary", { class: "small", text: "Who said what" }),
    h("div", { class: "scroll" }, h("table", { class: "matrix" },
      h("thead", {}, h("tr", {}, h("td", { class: "small muted", text: "first ↓ second →" }), names.map((name) => h("th", { scope: "col", text: words(name) })))),
      h("tbody", {}, names.map((one) => h("tr", {}, h("th", { scope: "row", text: words(one) }), names.map((two) => {
        const count = pairs[one]?.[two] ?? 0;
        return h("td", { class: one === two ? "same" : null, style: { "--share": count / most }, text: count || "·" });
      })))))));
}
