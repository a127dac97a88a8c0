// How long an item is still the reviewer's, and the button that makes it longer.

import { announce, fill, h } from "./dom.js";
import { clock } from "./format.js";
import { icon } from "./icons.js";

export const SOON = 60; // seconds before the end from which it is said

/** Seconds from `now` (milliseconds) until `until` (ISO 8601, or epoch seconds). */
export function secondsLeft(until, now = Date.now()) {
  return (typeof until === "number" ? until * 1000 : Date.parse(until)) / 1000 - now / 1000;
}

/** Whether the item of a line of the list can be taken: it waits, is one's own, or its time has run out. */
export function takeable({ state, mine, claim_until: until }, now = Date.now()) {
  return state === "open" || mine || (state === "claimed" && Boolean(until) && secondsLeft(until, now) <= 0);
}

/**
 * A countdown to `until` in an element with `stop()`. `skew` is what the server's clock is ahead of this one, in
 * milliseconds; `renew` is called for more time, `expired` once when there is none left.
 */
export function countdown({ until, skew = 0, renew, expired }) {
  const time = h("span", { class: "clock" });
  const button = h("button", {
    type: "button", class: "button plain compact", title: "Start the time anew (R)", on: { click: renew },
  }, icon("refresh", 15), "Renew", h("kbd", { class: "hint", text: "R" }));
  const box = h("div", { class: "claim", role: "timer", "aria-label": "Time this item is yours" }, icon("clock", 16), time, button);
  let told = false;
  let timer = 0;

  function show() {
    const left = secondsLeft(until, Date.now() + skew);
    if (left <= 0) {
      stop();
      expired();
      return;
    }
    fill(time, "Yours for ", h("strong", { text: clock(left) }));
    box.classList.toggle("soon", left <= SOON);
    if (left <= SOON && !told) {
      told = true;
      announce("One minute left on this item. Press R for more time.", true);
    }
  }
  function stop() {
    clearInterval(timer);
  }
  timer = setInterval(show, 1000);
  show();
  return { element: box, stop };
}
