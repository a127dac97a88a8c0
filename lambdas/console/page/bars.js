// Horizontal bars: shares of 0 to 1, and effects that push one way or the other. Each has its number beside it, so that
// nothing is said by length or colour alone.

import { h } from "./dom.js";
import { percent, signed } from "./format.js";

/** Rows of `[name, share]` as bars; `chosen` is set in bold, `plausible` names get a mark. */
export function shares(rows, { chosen = null, plausible = [] } = {}) {
  return h("ul", { class: "bars" }, rows.map(([name, share]) =>
    h("li", { class: name === chosen ? "chosen" : null },
      h("span", { class: "bar-name" }, name, plausible.length > 1 && plausible.includes(name) && h("span", { class: "badge", text: "plausible" })),
      h("span", { class: "bar-track", "aria-hidden": "true" }, h("span", { class: "bar-fill", style: { width: `${share * 100}%` } })),
      h("span", { class: "bar-value", text: percent(share) }))));
}

/** Rows of `{ words, effect }`, strongest first, as bars from a middle line: right raises, left lowers. */
export function effects(rows, { digits = 3, raises, lowers }) {
  const most = Math.max(...rows.map((row) => Math.abs(row.effect)), 1e-9);
  const oneWay = rows.every((row) => row.effect >= 0);
  return h("ul", { class: oneWay ? "effects one-way" : "effects" }, rows.map(({ words, effect }) =>
    h("li", {},
      h("span", { class: "effect-words", text: words }),
      h("span", { class: "effect-track", "aria-hidden": "true" },
        h("span", { class: effect >= 0 ? "effect-fill up" : "effect-fill down", style: { width: `${(Math.abs(effect) / most) * (oneWay ? 100 : 50)}%` } })),
      h("span", { class: "bar-value", title: effect >= 0 ? raises : lowers, text: signed(effect, digits) }))));
}

/**
 * A policy's probability between its thresholds: `review` is where people are asked from, `remove` where it is removed
 * from; either may be missing.
 */
export function gauge({ name, value, review, remove, note }) {
  const level = remove !== null && remove !== undefined && value >= remove ? "bad" : review !== null && review !== undefined && value >= review ? "warn" : "good";
  const says = { bad: "over the removal line", warn: "over the review line", good: "below both lines" }[level];
  return h("li", { class: `gauge ${level}` },
    h("span", { class: "bar-name" }, name, note && h("span", { class: "badge", text: note })),
    h("span", { class: "bar-track", "aria-hidden": "true" },
      h("span", { class: "bar-fill", style: { width: `${value * 100}%` } }),
      tick("review", review), tick("remove", remove)),
    h("span", { class: "bar-value" }, percent(value), h("span", { class: "unseen", text: `, ${says}` })));
}

function tick(kind, at) {
  if (at === null || at === undefined) return null;
  return h("span", { class: `tick ${kind}`, style: { left: `${at * 100}%` }, title: `${kind} from ${percent(at)}` });
}
