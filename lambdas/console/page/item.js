// One item whole: what is to be judged, what the model made of it, what was said before, and the verdict.

import { fill, h } from "./dom.js";
import { age, moment, percent, words } from "./format.js";
import { icon } from "./icons.js";
import { facts, notice, panel } from "./parts.js";
import { kindBadge, serviceIcon, severityBadge } from "./queue.js";
import { opinions, settled, trail } from "./history.js";
import * as content from "./content.js";
import * as tickets from "./tickets.js";
import * as transactions from "./transactions.js";

const VIEWS = { content, tickets, transactions };
const NAMES = { content: "Post", tickets: "Ticket", transactions: "Transaction" };
const BLIND = ["sample", "second"];
const WHY = {
  review: "The model was not sure enough to decide this alone.",
  sample: "The model was sure. A few such decisions are checked, so judge it before you look at what the model said.",
  second: "Somebody else has judged this too. You are not shown their answer, so that yours is your own.",
  appeal: "Somebody objects to how this was decided.",
};

/**
 * The page of `review` around `form` (an element, or null when it is only looked at) and `claim` (the countdown).
 * `again(name)` fetches a new media link, `explain()` why it was decided so; `back` leads to the queue.
 */
export function itemView({ review, form, claim, banner, again, explain, back }) {
  const view = VIEWS[review.service] ?? { evidence: raw, reading: () => [] };
  const blind = BLIND.includes(review.kind) && form !== null;
  const shown = { ...review, blind, again, explain };
  const old = age(review.created_at);
  return h("article", { class: "item" },
    h("header", { class: "item-head" },
      h("button", { type: "button", class: "button plain square back", "aria-label": "Back to the queue", on: { click: back } }, icon("back")),
      h("span", { class: "item-icon" }, serviceIcon(review.service, 22)),
      h("div", { class: "item-title" },
        h("h1", { tabindex: -1, text: NAMES[review.service] ?? words(review.service) }),
        h("span", { class: "row tight" }, kindBadge(review.kind), severityBadge(review.severity), review.escalated && h("span", { class: "badge warn" }, icon("up", 13), "For a lead"),
          h("time", { class: "small muted", datetime: review.created_at, title: moment(review.created_at), text: `came ${old.long}` }))),
      claim),
    banner,
    h("div", { class: "item-body" },
      h("div", { class: "evidence" },
        h("p", { class: "small muted why", text: WHY[review.kind] ?? "" }),
        review.appeal && objection(review.appeal),
        view.evidence(shown),
        settled(review),
        opinions(review)),
      h("aside", { class: "reading", "aria-label": "What the model said" },
        blind ? folded(review, view, shown) : [decision(review), view.reading(shown)],
        ids(review),
        trail(review))),
    form && h("footer", { class: "item-foot" }, form));
}

/** What the model said, for those who should judge first. */
function folded(review, view, shown) {
  return h("details", { class: "panel fold", data: { act: "model" } },
    h("summary", { text: "What the model said" }),
    h("div", { class: "reading-inner" }, decision(review), view.reading({ ...shown, blind: false })));
}

function decision({ answer }) {
  const rules = answer.source === "rules";
  return panel("Decision",
    h("div", { class: "row spread" },
      h("p", { class: "figure", text: words(answer.outcome ?? "none") }),
      answer.confidence !== undefined && h("span", { class: "muted", text: `${percent(answer.confidence)} sure` })),
    (answer.reasons ?? []).length > 0 && h("ul", { class: "reasons small" }, answer.reasons.map((reason) => h("li", { text: reason }))),
    rules && notice("warn", "No model was there: rules decided."),
    (answer.degraded ?? []).length > 0 && notice("warn", `Missing when it was decided: ${answer.degraded.map(words).join(", ")}.`),
    facts([["Variant", answer.variant], ["Model", answer.model_version && h("span", { class: "code", text: answer.model_version })], ["Decided", answer.decided_at && moment(answer.decided_at)]]));
}

function objection({ reason, by, at, against }) {
  return h("section", { class: "panel appeal" },
    h("h2", { text: "The appeal" }),
    h("p", { class: "quote", text: reason }),
    h("p", { class: "small muted" }, `${by}, ${moment(at)}. Against: `, h("strong", { text: words(against) })));
}

function ids(review) {
  const done = h("span", { class: "small muted" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(review.decision_id);
      fill(done, "copied");
    } catch {
      fill(done, "select it to copy"); // no clipboard without https
    }
  };
  return h("p", { class: "ids small" }, h("span", { class: "code muted", text: review.decision_id }),
    h("button", { type: "button", class: "button plain compact", "aria-label": "Copy the decision's id", on: { click: copy } }, icon("copy", 14)), done);
}

/** A service that this page does not know: what was asked, as it is. */
function raw({ asked }) {
  return h("pre", { class: "panel code", text: JSON.stringify(asked, null, 2) });
}
