// What a ticket is and what was made of it.

import { h } from "./dom.js";
import { shares } from "./bars.js";
import { signed, words } from "./format.js";
import { panel, facts } from "./parts.js";

const LETTER = /[\p{L}\p{N}\p{M}'’]/u;

/** The ticket itself, with the words that counted marked where they stand. */
export function evidence({ asked, answer, blind }) {
  const terms = blind ? [] : (answer.terms ?? []).filter((each) => each.weight > 0);
  return [
    h("article", { class: "letter" },
      asked.subject && h("h3", { class: "subject" }, marked(asked.subject, terms)),
      asked.body && h("p", { class: "prose" }, marked(asked.body, terms)),
      facts([
        ["Channel", asked.channel], ["Tier", asked.customer_tier], ["Language", asked.language],
        ["Customer", asked.customer_id], ["Earlier tickets", asked.previous_tickets], ["Ticket", asked.ticket_id],
      ])),
  ];
}

/** What the model thought: each head's probabilities, and the words. */
export function reading({ answer }) {
  return [
    ...Object.entries(answer.outputs ?? {}).map(([head, output]) =>
      panel(words(head), shares(
        Object.entries(output.probabilities).sort((a, b) => b[1] - a[1]),
        { chosen: output.label, plausible: output.prediction_set },
      ))),
    (answer.terms ?? []).length > 0 && panel("Words that counted", h("ul", { class: "terms" }, answer.terms.map((each) =>
      h("li", { class: each.weight >= 0 ? "term" : "term against" },
        h("span", { text: each.term }), h("span", { class: "code", text: signed(each.weight) }))))),
  ];
}

/** `text` as nodes, whole words of `terms` in marks whose strength follows their weight. */
export function marked(text, terms) {
  const weights = new Map(terms.flatMap((each) => [[each.term.toLowerCase(), each.weight]]));
  if (!weights.size) return [text];
  const most = Math.max(...weights.values());
  const longest = [...weights.keys()].sort((a, b) => b.length - a.length);
  const found = new RegExp(longest.map((term) => term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/ +/g, "\\s+")).join("|"), "giu");
  const nodes = [];
  let done = 0;
  for (const match of text.matchAll(found)) {
    const end = match.index + match[0].length;
    if (LETTER.test(text[match.index - 1] ?? "") || LETTER.test(text[end] ?? "")) continue;
    const weight = weights.get(match[0].toLowerCase().replace(/\s+/g, " ")) ?? 0;
    nodes.push(text.slice(done, match.index), h("mark", { class: weight > most / 2 ? "strong" : null, text: match[0], title: signed(weight) }));
    done = end;
  }
  return [...nodes, text.slice(done)];
}
