// What a card transaction is and why it looked like fraud.

import { h } from "./dom.js";
import { effects, shares } from "./bars.js";
import { drawing, onDemand } from "./explain.js";
import { moment, money, number, percent, words } from "./format.js";
import { facts, notice, panel } from "./parts.js";

const MODELS = { xgboost: "XGBoost", lightgbm: "LightGBM", mlp: "Neural network", isolation_forest: "Isolation forest" };
const LEVELS = { low: "good", medium: "warn", high: "bad", critical: "bad" };

/** The transaction itself. */
export function evidence({ asked, answer, explain, blind }) {
  return [
    h("article", { class: "letter" },
      h("div", { class: "row spread amount-row" },
        h("p", { class: "amount", text: money(asked.amount, asked.currency ?? "USD") }),
        !blind && h("span", { class: `badge ${LEVELS[answer.risk_level] ?? ""}`, text: `${answer.risk_level} risk` })),
      facts([
        ["Merchant", asked.merchant_id], ["Category", asked.category && words(asked.category)], ["When", asked.at && moment(asked.at)],
        ["Card", asked.card_id], ["Where", place(asked.latitude, asked.longitude)],
        ["Home", place(asked.home_latitude, asked.home_longitude)], ["Transaction", asked.transaction_id],
      ])),
    !blind && (answer.top_reasons ?? []).length > 0 && panel("Why it stands out", effects(answer.top_reasons, {
      raises: "makes fraud more likely", lowers: "makes fraud less likely",
    }), h("p", { class: "small muted", text: "By how much the probability of fraud falls when the reason is as usual." })),
    !blind && panel("Every reason", onDemand("Draw them", explain, (found) => [
      drawing(found.svg, `From ${percent(found.base)} on average to ${percent(found.probability)}: what each feature adds`),
      found.note && notice("", found.note),
    ])),
  ];
}

/** What the models thought. */
export function reading({ answer }) {
  const known = Object.entries(answer.features ?? {});
  return [
    panel("Probability of fraud", h("p", { class: "figure", text: percent(answer.probability) })),
    panel("Each model", shares(Object.entries(answer.scores ?? {}).map(([name, score]) => [MODELS[name] ?? words(name), score]))),
    known.length > 0 && h("details", { class: "panel fold" },
      h("summary", { text: `All ${known.length} features` }),
      h("table", { class: "table" }, h("tbody", {}, known.map(([name, value]) =>
        h("tr", {}, h("th", { scope: "row", text: words(name) }), h("td", { text: value === null ? "not known" : number(value, 3) })))))),
  ];
}

function place(latitude, longitude) {
  return latitude === null || latitude === undefined ? null : `${latitude.toFixed(2)}°, ${longitude.toFixed(2)}°`;
}
