// The list of what waits: filters, how many, how old, and the way to the next item.

import { takeable } from "./claim.js";
import { fill, h } from "./dom.js";
import { age, moment, words } from "./format.js";
import { icon } from "./icons.js";
import { empty, loading, notice } from "./parts.js";
import { bind } from "./keys.js";

export const SERVICES = [["", "All services"], ["tickets", "Tickets"], ["transactions", "Transactions"], ["content", "Content"]];
const KINDS = [["", "All kinds"], ["review", "Not sure"], ["sample", "Sample"], ["second", "Second opinion"], ["appeal", "Appeal"]];
const STATES = [["open", "Waiting"], ["claimed", "Being looked at"], ["escalated", "Escalated"], ["settled", "Settled"]];
const SEVERITIES = [["0", "Any severity"], ["3", "Medium and up"], ["6", "High and up"], ["9", "Severe only"]];
const SERVICE_ICONS = { tickets: "ticket", transactions: "card", content: "content" };
export const KIND_NAMES = Object.fromEntries(KINDS);
const KIND_ICONS = { review: "queue", sample: "sample", second: "people", appeal: "scales" };

/** The severity 0 to 9 as a word and the class of its colour. */
export function severity(level) {
  if (level >= 9) return { name: "Severe", kind: "bad" };
  if (level >= 6) return { name: "High", kind: "bad" };
  if (level >= 3) return { name: "Medium", kind: "warn" };
  return { name: "Low", kind: "" };
}

/** The badge of a kind. */
export function kindBadge(kind) {
  return h("span", { class: "badge" }, icon(KIND_ICONS[kind] ?? "queue", 13), KIND_NAMES[kind] ?? words(kind));
}

/** The badge of a severity; the lowest has none. */
export function severityBadge(level) {
  const { name, kind } = severity(level);
  return level >= 3 && h("span", { class: `badge ${kind}`, title: `Severity ${level} of 9` }, level >= 6 && icon("flame", 13), name);
}

/** The icon of a service. */
export function serviceIcon(service, size) {
  return icon(SERVICE_ICONS[service] ?? "queue", size);
}

/**
 * The list; `next` takes the next item, `open(summary)` one of the list, `changed(filters)` fetches anew, `more` what
 * follows. `show(state)` draws `{ reviews, cursor, busy, error, current }`, `filters` are as chosen.
 */
export function queueView({ next, open, changed, more }) {
  const filters = { service: "", kind: "", state: "open", severity: 0 };
  const count = h("p", { class: "count" });
  const list = h("div", { class: "queue-list" });
  const take = h("button", { type: "button", class: "button primary wide", on: { click: next } }, "Take the next item", h("kbd", { class: "hint", text: "N" }));
  const select = (name, label, options) => {
    const control = h("select", { "aria-label": label }, options.map(([value, text]) => h("option", { value, text })));
    control.addEventListener("change", () => {
      filters[name] = name === "severity" ? Number(control.value) : control.value;
      changed(filters);
    });
    return control;
  };
  const first = select("service", "Service", SERVICES);
  const element = h("section", { class: "queue", "aria-label": "Queue" },
    h("div", { class: "queue-head" },
      take,
      h("div", { class: "filters" }, first, select("kind", "Kind", KINDS), select("state", "State", STATES), select("severity", "Severity", SEVERITIES)),
      h("div", { class: "row spread" }, count,
        h("button", { type: "button", class: "button plain compact", title: "Look again (L)", on: { click: () => changed(filters) } }, icon("refresh", 15), "Refresh"))),
    list);
  bind("n", "Queue", "Take the next item", next);
  bind("l", "Queue", "Look again what waits", () => changed(filters));
  bind("f", "Queue", "Filters", () => first.focus());

  function show({ reviews, cursor, busy, error, current }) {
    const seen = reviews.filter((each) => each.severity >= filters.severity);
    list.setAttribute("aria-busy", String(busy));
    count.textContent = error ? "" : busy && !reviews.length ? "Looking…" : counted(seen.length, cursor, filters.state);
    if (error) fill(list, notice("bad", error, h("button", { type: "button", class: "button compact", text: "Try again", on: { click: () => changed(filters) } })));
    else if (busy && !reviews.length) fill(list, loading("The queue is being fetched"));
    else if (!seen.length) fill(list, nothing(filters, cursor, more));
    else fill(list, rows(seen, current, open), cursor && h("button", { type: "button", class: "button plain wide", text: "Show more", on: { click: more } }));
  }
  return { element, filters, show };
}

function rows(reviews, current, open) {
  return h("ul", {}, reviews.map((review) => {
    const old = age(review.settled_at ?? review.created_at);
    return h("li", {},
      h("button", {
        type: "button", class: `queue-row ${severity(review.severity).kind}`, "aria-current": review.id === current ? "true" : null, on: { click: () => open(review) },
      },
      h("span", { class: "queue-icon", title: words(review.service) }, serviceIcon(review.service, 20)),
      h("span", { class: "queue-what" },
        h("span", { class: "row tight" }, h("strong", { text: words(review.service) }), severityBadge(review.severity)),
        h("span", { class: "small muted" }, KIND_NAMES[review.kind] ?? words(review.kind), whose(review))),
      h("time", { class: "small muted", datetime: review.created_at, title: moment(review.created_at) },
        h("span", { "aria-hidden": "true", text: old.short }), h("span", { class: "unseen", text: old.long }))));
  }));
}

function whose(review) {
  if (review.mine) return " · yours";
  if (takeable(review)) return review.state === "claimed" ? " · given up" : "";
  if (review.state === "claimed") return ` · ${review.held_by}`;
  return review.escalated && review.state !== "settled" ? " · for a lead" : "";
}

function counted(count, cursor, state) {
  const what = { open: "waiting", claimed: "being looked at", escalated: "escalated", settled: "settled" }[state];
  return `${count}${cursor ? "+" : ""} ${what}`;
}

function nothing(filters, cursor, more) {
  const narrow = filters.service || filters.kind || filters.severity;
  if (cursor) return empty("queue", "None among the first ones", "Nothing fetched so far fits the filters.", h("button", { type: "button", class: "button compact", text: "Look further", on: { click: more } }));
  if (filters.state !== "open") return empty("queue", "Nothing here", "No item is in this state.");
  return narrow ? empty("queue", "Nothing fits", "Nothing that waits fits the filters.") : empty("check", "All done", "Nothing waits for a person. New items come in by themselves.");
}
