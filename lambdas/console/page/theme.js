// Light, dark, or as the system has it. A taste is all that is kept in localStorage: nothing about a person or an item.

import { h, fill } from "./dom.js";
import { icon } from "./icons.js";

const KEY = "triage.theme";
const ORDER = ["auto", "light", "dark"];
const ICONS = { auto: "auto", light: "sun", dark: "moon" };
const NAMES = { auto: "as the system", light: "light", dark: "dark" };

/** Wear the theme that was chosen last. */
export function wear() {
  set(chosen());
}

/** The button that goes through the three. */
export function themeButton() {
  const button = h("button", { type: "button", class: "button plain square", on: { click: turn } });
  const show = () => {
    const now = chosen();
    fill(button, icon(ICONS[now]));
    button.setAttribute("aria-label", `Colours: ${NAMES[now]}. Change`);
    button.title = `Colours: ${NAMES[now]}`;
  };
  function turn() {
    const next = ORDER[(ORDER.indexOf(chosen()) + 1) % ORDER.length];
    localStorage.setItem(KEY, next);
    set(next);
    show();
  }
  show();
  return button;
}

function chosen() {
  const kept = localStorage.getItem(KEY);
  return ORDER.includes(kept) ? kept : "auto";
}

function set(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
