// What a card transaction is and why it looked like fraud.

import { h } from "./dom.js";
import { effects, shares } from "./bars.js";
import { moment, money, number, percent, words } from "./format.js";
import { facts, panel } from "./parts.js";

const MODELS = { xgboost: "XGBoost", lightgbm: "LightGBM", mlp: "Neural network", isolation_forest: "Isolation forest" };
const LEVELS = { low: "good", medium: "warn", high: "bad", critical: "bad" };

/** The transaction itself. */
export function evidence({ asked, answer, blind }) {
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

/** A drawing given as an SVG document: as an image, in which no script runs and nothing is fetched. */
export function drawing(svg, text) {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  const picture = h("img", { src: url, alt: text, class: "drawing" });
  picture.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
  return picture;
}

function place(latitude, longitude) {
  return latitude === null || latitude === undefined ? null : `${latitude.toFixed(2)}°, ${longitude.toFixed(2)}°`;
}
