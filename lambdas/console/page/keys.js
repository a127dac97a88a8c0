// Single-key shortcuts, and the legend that lists them. They can be turned off: speech input and unsteady hands type
// letters that were not meant (WCAG 2.1.4).

import { announce, fill, h } from "./dom.js";

const KEPT = "triage.keys";
const bound = new Map();

/** The shortcuts' groups, in the order of the legend. */
const GROUPS = ["Queue", "Item", "Verdict", "Page"];

/** Bind `key` to `call` until it is bound again; `words` and `group` are its line of the legend. */
export function bind(key, group, words, call) {
  bound.set(key, { group, words, call });
}

/** True unless the reviewer has turned the shortcuts off. */
export function enabled() {
  return localStorage.getItem(KEPT) !== "off";
}

/** Listen for the keys, once for the page. */
export function listen() {
  document.documentElement.classList.toggle("no-keys", !enabled());
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || typing(event.target)) return;
    if (!enabled() && event.key !== "?") return;
    // Space and Enter belong to whatever has the focus when that is a control.
    if ((event.key === "Enter" || event.key === " ") && event.target.closest?.("button, a, summary, select, input")) return;
    const found = bound.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (!found) return;
    event.preventDefault();
    if (!event.repeat) found.call(event);
  });
}

function typing(target) {
  const name = target?.tagName;
  return name === "TEXTAREA" || name === "SELECT" || target?.isContentEditable || (name === "INPUT" && !["checkbox", "radio", "button"].includes(target.type));
}

/** The dialog that lists the shortcuts; it opens with `showModal`. */
export function legend() {
  const list = h("div", { class: "legend" });
  const dialog = h(
    "dialog",
    { class: "dialog", "aria-labelledby": "legend-title" },
    h("div", { class: "row spread" },
      h("h2", { id: "legend-title", class: "dialog-title", text: "Keyboard shortcuts" }),
      h("button", { type: "button", class: "button plain compact", text: "Close", on: { click: () => dialog.close() } })),
    list,
    toggle(),
  );
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  const open = () => {
    fill(list, GROUPS.map((group) => section(group)));
    dialog.showModal();
  };
  return { dialog, open };
}

function section(group) {
  const lines = [...bound].filter(([, each]) => each.group === group && each.words);
  if (!lines.length) return null;
  return h("section", {},
    h("h3", { text: group }),
    h("dl", {}, lines.map(([key, { words }]) => h("div", {}, h("dt", {}, h("kbd", { text: shown(key) })), h("dd", { text: words })))));
}

function toggle() {
  const box = h("input", { type: "checkbox", checked: enabled() });
  box.addEventListener("change", () => {
    localStorage.setItem(KEPT, box.checked ? "on" : "off");
    document.documentElement.classList.toggle("no-keys", !box.checked);
    announce(box.checked ? "Shortcuts are on" : "Shortcuts are off");
  });
  return h("label", { class: "check" }, box, "Single-key shortcuts are on in this browser");
}

function shown(key) {
  return { Enter: "Enter", Escape: "Esc", " ": "Space", ArrowLeft: "←", ArrowRight: "→" }[key] ?? key.toUpperCase();
}
