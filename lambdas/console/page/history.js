// What has been done with an item: the audit trail, and what others said.

import { h } from "./dom.js";
import { moment, words } from "./format.js";
import { icon } from "./icons.js";
import { notice, panel } from "./parts.js";

/** The audit trail, oldest first, folded; it says when it is not as it was written. */
export function trail({ history, intact }) {
  if (!history.length && intact) return null;
  return h("details", { class: "panel fold", open: !intact },
    h("summary", {}, "History ", h("span", { class: "muted", text: `(${history.length})` }),
      intact ? h("span", { class: "badge good" }, icon("check", 13), "intact") : h("span", { class: "badge bad" }, icon("warn", 13), "changed")),
    !intact && notice("bad", "This history was changed after it was written. Tell whoever runs the system."),
    h("ol", { class: "trail" }, history.map((entry) =>
      h("li", {},
        h("div", { class: "row spread" }, h("strong", { text: words(entry.action) }), h("time", { class: "small muted", datetime: entry.at, text: moment(entry.at) })),
        h("p", { class: "small" }, h("span", { class: "muted", text: "by " }), entry.who, changes(entry)),
        entry.note && h("p", { class: "quote", text: entry.note }),
        h("p", { class: "code muted hash", title: `Covers this entry and the one before: ${entry.hash}`, text: `#${entry.seq} ${entry.hash.slice(0, 12)}` })))));
}

/**
 * What people said before, for whoever settles a disagreement or an appeal: folded for the latter, who should first
 * judge the appeal by what they see.
 */
export function opinions({ kind, state, opinions: said }) {
  if (!said.length) return null;
  const list = h("ul", { class: "stack" }, said.map((each) => opinion(each, "li")));
  if (kind !== "appeal" || state === "settled") return panel("What was said before", list);
  return h("details", { class: "panel fold" }, h("summary", { text: "What was said before: look after you have chosen" }), list);
}

/** How it was settled. */
export function settled({ verdict }) {
  return verdict && panel("How it was settled", opinion(verdict, "div"));
}

function opinion(said, tag) {
  return h(tag, { class: "opinion" },
    h("div", { class: "row spread" },
      h("strong", { text: [said.ruling && words(said.ruling), said.label && words(said.label)].filter(Boolean).join(": ") || "As it stood" }),
      h("span", { class: "small muted", text: `${said.by}, ${moment(said.at)}` })),
    said.note && h("p", { class: "quote", text: said.note }));
}

function changes({ before, after }) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return names.length > 0 && h("span", { class: "muted" }, names.map((name) => ` · ${words(name)}: ${shown(before[name])} → ${shown(after[name])}`));
}

function shown(value) {
  if (value === null || value === undefined || value === "") return "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
