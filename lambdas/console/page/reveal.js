// Nothing that may hurt is seen unasked: it is covered until the reviewer says so, for this one piece, this one time.
// Nothing is remembered: another item, a reload or a look at another tab covers everything again.

import { announce, h } from "./dom.js";
import { icon } from "./icons.js";

const covers = new Set();

/** Cover what is uncovered, and forget what is no longer on the page. */
export function coverAll() {
  for (const each of [...covers]) {
    if (!each.element.isConnected) covers.delete(each);
    else each.cover();
  }
}

document.addEventListener("visibilitychange", () => { if (document.hidden) coverAll(); });

/** Uncover the first piece that is covered, or cover all when none is. */
export function toggleNext() {
  const here = [...covers].filter((each) => each.element.isConnected);
  const next = here.find((each) => each.covered());
  if (next) next.uncover();
  else here.forEach((each) => each.cover());
  return here.length > 0;
}

/**
 * `content` under a cover that names it: `what` is "image", "text", "sound". `why` is the line that warns; `open` is
 * called at each uncovering, `close` at each covering, for what is loaded or played. What is covered can be neither
 * seen nor reached: it is inert, and hidden from screen readers.
 */
export function covered(content, { what, why, open, close }) {
  const inside = h("div", { class: "covered-content", inert: true, "aria-hidden": "true" }, content);
  const button = h("button", { type: "button", class: "button", on: { click: uncover } },
    icon("eye"), `Show the ${what}`, h("kbd", { class: "hint", text: "V" }));
  const cover = h("div", { class: "cover" }, h("p", { class: "small", text: why }), button);
  const again = h("button", { type: "button", class: "button plain compact hide", hidden: true, on: { click: () => { coverAgain(); button.focus(); } } },
    icon("hidden", 15), `Hide the ${what}`);
  const element = h("div", { class: "covered", data: { what } }, inside, cover, again);

  function uncover() {
    element.classList.add("open");
    inside.inert = false;
    inside.removeAttribute("aria-hidden");
    cover.hidden = true;
    again.hidden = false;
    open?.();
    announce(`The ${what} is shown`);
    if (document.activeElement === document.body || cover.contains(document.activeElement)) again.focus();
  }
  function coverAgain() {
    if (!element.classList.contains("open")) return;
    element.classList.remove("open");
    inside.inert = true;
    inside.setAttribute("aria-hidden", "true");
    cover.hidden = false;
    again.hidden = true;
    close?.();
  }
  covers.add({ element, cover: coverAgain, uncover, covered: () => !element.classList.contains("open") });
  return element;
}
