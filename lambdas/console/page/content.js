// What a post is and what was made of it: text, picture and sound, nothing shown that may hurt before it is asked for.

import { h } from "./dom.js";
import { gauge } from "./bars.js";
import { heatOf, onDemand, wordsByPolicy } from "./explain.js";
import { percent, signed, words } from "./format.js";
import { icon } from "./icons.js";
import { picture, recording } from "./media.js";
import { facts, notice, panel } from "./parts.js";
import { covered } from "./reveal.js";
import { marked } from "./tickets.js";

const ICONS = { text: "text", image: "content", audio: "sound" };
const HARD = ["severe", "high"];
const GRAVE = 6; // the item's severity, 0 to 9, from which its text is covered too

/** The post itself. */
export function evidence(review) {
  const { asked, answer, media, again, explain, blind } = review;
  const why = warning(answer, blind);
  const link = (name) => media.find((each) => each.name === name);
  const [image, audio] = [link("image"), link("audio")];
  const terms = blind ? [] : (answer.terms ?? []).filter((each) => each.weight > 0);
  return [
    part("text", "Text", state(answer, "text"), asked.text && text(h("p", { class: "prose" }, marked(asked.text, terms)), review, why)),
    part("image", "Picture", state(answer, "image"),
      image && picture({ link: image, heat: blind ? null : async () => heatOf(await explain()), why, again: () => again("image") }),
      asked.image && !image && gone("picture"),
      answer.image_text && [h("h3", { class: "sub", text: "Text in the picture" }), text(h("p", { class: "prose", text: answer.image_text }), review, why)]),
    part("audio", "Sound", state(answer, "audio"),
      audio && recording({ link: audio, transcript: segments(answer), why, again: () => again("audio") }),
      asked.audio && !audio && gone("sound"),
      answer.transcript?.language && h("p", { class: "small muted", text: `Language heard: ${answer.transcript.language}` })),
    about([
      ["Author", asked.author_id], ["Post", asked.content_id], ["Language", asked.language],
      ...Object.entries(asked.attributes ?? {}).map(([name, value]) => [words(name), value]),
    ]),
  ];
}

/** What the model thought: each policy between its lines, where that comes from, and the words. */
export function reading(review) {
  const { answer } = review;
  const scores = Object.entries(answer.scores ?? {}).sort((a, b) => b[1].probability - a[1].probability);
  const terms = answer.terms ?? [];
  return [
    scores.length > 0 && panel("Policies", h("ul", { class: "gauges" }, scores.map(([policy, score]) => gauge({
      name: words(policy), value: score.probability, review: score.review_from, remove: score.remove_from, note: HARD.includes(score.severity) ? score.severity : null,
    }))), h("p", { class: "legend-line small muted" }, h("span", { class: "key review" }), "people look from here", h("span", { class: "key remove" }), "removed from here")),
    channels(answer),
    terms.length > 0 && h("section", { class: "panel" }, h("h2", { text: "Words that counted" }),
      text(h("ul", { class: "terms" }, terms.map((each) => h("li", { class: each.weight >= 0 ? "term" : "term against" },
        h("span", { text: each.term }), h("span", { class: "code", text: signed(each.weight) })))), review, null, "words")),
    panel("Words by policy", onDemand("Show them", review.explain, wordsByPolicy)),
  ];
}

/** Whether the words of this post are covered: its worst policy is grave enough, or the queue says that it is. */
export function hard({ answer, severity }) {
  return severity >= GRAVE || Object.values(answer.scores ?? {}).some((score) =>
    HARD.includes(score.severity) && score.probability >= (score.review_from ?? 0.5));
}

function about(rows) {
  const known = facts(rows);
  return known && panel("About the post", known);
}

function text(element, review, why, what = "text") {
  return hard(review) ? covered(element, { what, why }) : element;
}

/** What to be ready for. Whoever judges before the model's answer is not told it. */
function warning(answer, blind) {
  if (blind) return "Covered until you ask for it.";
  const risks = Object.entries(answer.scores ?? {})
    .filter(([, score]) => score.probability >= (score.review_from ?? 0.5))
    .sort((a, b) => b[1].probability - a[1].probability)
    .map(([policy, score]) => `${words(policy)} ${percent(score.probability)}`);
  return risks.length ? `May hold: ${risks.join(", ")}` : "The model sees no risk here. Covered all the same.";
}

function part(name, title, found, ...children) {
  if (!found && !children.some(Boolean)) return null;
  if (found?.state === "absent" && !children.some(Boolean)) return null;
  return h("section", { class: "part" },
    h("h2", { class: "row tight" }, icon(ICONS[name], 16), title, found && found.state !== "read" && h("span", { class: "badge warn", text: found.state })),
    found?.state === "unreadable" && notice("warn", `The model could not read it: ${found.reason ?? "no reason was given"}. Judge it yourself.`),
    found?.state === "pending" && notice("", "Still being transcribed when this was decided."),
    ...children);
}

function state(answer, name) {
  return answer.modalities?.[name] ?? null;
}

function gone(what) {
  return notice("warn", `The ${what} is not kept any more.`);
}

function segments(answer) {
  return (answer.transcript?.segments ?? []).filter((each) => each.text);
}

/** What each way of looking at the post says alone, as a table. */
function channels({ channels: found }) {
  const rows = Object.entries(found ?? {}).filter(([, scores]) => Object.keys(scores).length);
  if (!rows.length) return null;
  const policies = [...new Set(rows.flatMap(([, scores]) => Object.keys(scores)))];
  return h("details", { class: "panel fold" },
    h("summary", { text: "What each part says alone" }),
    h("div", { class: "scroll" }, h("table", { class: "table" },
      h("thead", {}, h("tr", {}, h("td", {}), policies.map((policy) => h("th", { scope: "col", text: words(policy) })))),
      h("tbody", {}, rows.map(([channel, scores]) => h("tr", {}, h("th", { scope: "row", text: words(channel) }),
        policies.map((policy) => h("td", { text: policy in scores ? percent(scores[policy]) : "–" }))))))));
}
