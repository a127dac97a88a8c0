// The dialog that passes an item on to a lead, with what the lead should know.

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** Ask for the words, which start as `note`; `send(words)` is called unless it is cancelled. */
export function askToEscalate(note, send) {
  const area = h("textarea", { id: "escalate-why", rows: 3, maxlength: 2000 });
  area.value = note;
  const form = h("form", { method: "dialog", class: "stack gap" },
    h("h2", { id: "escalate-title", class: "dialog-title", text: "Escalate to a lead" }),
    h("div", { class: "field" }, h("label", { for: area.id, text: "What should the lead know? (optional)" }), area),
    h("div", { class: "row end" },
      h("button", { type: "button", class: "button plain", text: "Cancel", on: { click: () => dialog.close() } }),
      h("button", { type: "submit", class: "button primary" }, icon("up", 16), "Escalate")));
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "escalate-title" }, form);
  dialog.addEventListener("close", () => dialog.remove());
  form.addEventListener("submit", () => send(area.value.trim()));
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  document.body.append(dialog);
  dialog.showModal();
  area.focus();
}
