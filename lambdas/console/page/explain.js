// What takes the models a moment to say, asked for only when somebody wants to see it.

import { ApiError } from "./api.js";
import { fill, h } from "./dom.js";
import { signed, words } from "./format.js";
import { notice } from "./parts.js";

/** A button that fetches by `explain` and puts what `show` makes of the answer in its own place. */
export function onDemand(text, explain, show) {
  const place = h("div", { class: "stack" });
  const button = h("button", { type: "button", class: "button compact", text, on: { click: ask } });
  async function ask() {
    button.disabled = true;
    fill(place, h("div", { class: "row small muted", role: "status" }, h("span", { class: "spinner" }), "The model is asked: a few seconds the first time"));
    try {
      fill(place, show(await explain()));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      button.disabled = false;
      fill(place, notice("warn", error.message), button);
    }
  }
  return fill(place, button);
}

/** A drawing given as an SVG document: as an image, in which no script runs and nothing is fetched. */
export function drawing(svg, text) {
  return h("img", { src: blobUrl(svg, "image/svg+xml"), alt: text, class: "drawing" });
}

const LEAST = 0.05; // log-odds: what a word adds less than that says nothing

/** The words of a content explanation, by the part of the post and the policy. */
export function wordsByPolicy({ words: found, notes }) {
  const rows = Object.entries(found).flatMap(([channel, policies]) =>
    Object.entries(policies).map(([policy, terms]) => [policy, terms.filter((each) => Math.abs(each.weight) >= LEAST)]).filter(([, terms]) => terms.length).map(([policy, terms]) =>
      h("div", {}, h("dt", { text: `${words(channel)}, ${words(policy).toLowerCase()}` }),
        h("dd", { class: "terms" }, terms.map((each) => h("span", { class: each.weight >= 0 ? "term" : "term against" }, each.term, h("span", { class: "code", text: signed(each.weight) })))))));
  return [rows.length ? h("dl", { class: "stack gap" }, rows) : h("p", { class: "small muted", text: "No word counted by itself." }), notes.map((note) => notice("", note))];
}

/** The heat map of a content explanation as a URL, or null and why there is none. */
export function heatOf({ image, notes }) {
  if (!image) return { url: null, why: notes.find((note) => note.startsWith("image")) ?? "There is no heat map." };
  return { url: blobUrl(Uint8Array.from(atob(image.png), (each) => each.charCodeAt(0)), "image/png"), policy: image.policy };
}

function blobUrl(content, type) {
  return URL.createObjectURL(new Blob([content], { type }));
}
