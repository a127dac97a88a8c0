// Small pieces that several views share.

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** A titled box. */
export function panel(title, ...children) {
  return h("section", { class: "panel" }, h("h2", { text: title }), ...children);
}

/** Names and values in a grid; what is null, undefined or empty is left out. */
export function facts(rows) {
  const known = rows.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
  return known.length > 0 && h("dl", { class: "facts" }, known.map(([name, value]) => h("div", {}, h("dt", { text: name }), h("dd", {}, value))));
}

/** A message in a box: `kind` is "", "warn" or "bad"; `more` stands at its end. */
export function notice(kind, words, ...more) {
  return h("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : null },
    icon(kind ? "warn" : "eye"), h("div", { class: "grow" }, words), ...more);
}

/** What is shown where there is nothing: a drawing, what that means and what to do. */
export function empty(name, title, text, ...more) {
  return h("div", { class: "empty" }, h("div", { class: "empty-icon" }, icon(name, 30)), h("h2", { text: title }), h("p", { class: "muted", text }), ...more);
}

/** The shape of what is being fetched. */
export function loading(label) {
  return h("div", { class: "stack loading", role: "status", "aria-label": label },
    [60, 100, 85, 40].map((width) => h("div", { class: "bone", style: { width: `${width}%`, height: "18px" } })));
}
