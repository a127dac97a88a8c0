// What the reviewer says: a label or several, or for an appeal whether the decision stands, and a note.

import { announce, fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { words } from "./format.js";

const MOST_NOTE = 2_000;
const CLEAR = "ok"; // the label that excludes the others

const RULINGS = [
  ["uphold", "Uphold", "the decision stands"],
  ["overturn", "Overturn", "the decision was wrong"],
];

/**
 * The form for `review`; `acts` are what its buttons call: `verdict(body, words)`, `skip(note)`, `escalate(note)`,
 * `release(note)`. `kept` is what a form for it held before, to go on with, as `state()` gives it. `choose(key)`, `send()` and
 * `write()` are what the keys do.
 */
export function verdictForm({ review, acts, kept = null }) {
  const appeal = review.kind === "appeal";
  const form = h("form", { class: "verdict", "aria-label": "Your verdict", novalidate: true });
  const problem = h("p", { class: "small problem-line", role: "alert" });
  const note = noteField(appeal, kept?.note ?? "");
  const labels = labelChoices(review, appeal ? RULINGS.length : 0, kept?.labels ?? []);
  const rulings = appeal ? rulingChoices(kept?.ruling) : null;
  const submit = h("button", { type: "submit", class: "button primary send" }, icon("check"), appeal ? "Send the ruling" : "Send the verdict", h("kbd", { class: "hint", text: "Enter" }));

  const state = () => ({ labels: labels.chosen(), ruling: rulings?.chosen() ?? null, note: note.area.value });
  function update() {
    if (rulings) labels.element.hidden = rulings.chosen() !== "overturn";
    problem.textContent = "";
  }
  form.addEventListener("input", update); // not "change": what moves between press and release of a button loses the click
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const said = state();
    const wrong = check(review, said);
    if (wrong) {
      problem.textContent = wrong;
      (wrong.startsWith("Say why") ? note.area : form.querySelector("input:not(:disabled)"))?.focus();
      return;
    }
    acts.verdict(body(said), sentence(said));
  });
  note.area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    if (event.key === "Escape") note.area.blur();
  });

  fill(form, h("div", { class: "choices" }, rulings?.element, labels.element),
    h("div", { class: "verdict-end" }, note.element, problem, h("div", { class: "row verdict-buttons" }, submit, asides(acts, note.area))));
  update();
  const choices = () => [...form.querySelectorAll("input[data-key]")].filter((each) => !each.closest("[hidden]"));
  const choose = (key) => {
    const found = choices().find((each) => each.dataset.key === key);
    if (!found) return;
    found.click();
    found.focus({ preventScroll: true }); // so that Enter sends, whatever had the focus before
    announce(`${found.dataset.name} ${found.checked ? "chosen" : "not chosen"}`);
  };
  return { element: form, state, choose, send: () => form.requestSubmit(), write: () => note.area.focus() };
}

/** Why `said` cannot be sent, or null. */
function check(review, said) {
  if (review.kind === "appeal") {
    if (!said.ruling) return "Choose whether the decision stands.";
    if (said.ruling === "overturn" && !said.labels.length) return "Choose what it really is.";
    return said.note.trim() ? null : "Say why: whoever appealed reads it.";
  }
  return said.labels.length ? null : "Choose what it is first.";
}

function body({ labels, ruling, note }) {
  const said = { note: note.trim() };
  if (ruling) said.ruling = ruling;
  if (labels.length && ruling !== "uphold") said.label = labels.join(",");
  return said;
}

function sentence({ labels, ruling }) {
  if (ruling === "uphold") return "Appeal: the decision stands";
  const label = labels.map(words).join(", ");
  return ruling ? `Appeal: overturned to ${label}` : `Verdict: ${label}`;
}

function noteField(appeal, value) {
  const id = "verdict-note";
  const left = h("span", { class: "help", hidden: true });
  const area = h("textarea", { id, rows: 1, maxlength: MOST_NOTE, required: appeal, placeholder: appeal ? "Why? Whoever appealed reads it" : "Note (optional)" });
  area.value = value;
  const grow = () => {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight + 2, 160)}px`;
    left.hidden = area.value.length < MOST_NOTE - 200;
    left.textContent = `${MOST_NOTE - area.value.length} characters left`;
  };
  area.addEventListener("input", grow);
  requestAnimationFrame(grow);
  return { area, element: h("div", { class: "field note" }, h("label", { for: id, class: "unseen", text: appeal ? "Why" : "Note" }), area, left) };
}

function rulingChoices(kept) {
  const boxes = RULINGS.map(([value, name, help], index) => choice({ type: "radio", group: "ruling", value, name, help, key: index + 1, checked: kept === value }));
  return {
    element: h("fieldset", {}, h("legend", { text: "Does the decision stand?" }), h("div", { class: "chips" }, boxes)),
    chosen: () => boxes.map((box) => box.querySelector("input")).find((each) => each.checked)?.value ?? null,
  };
}

/** Buttons for the labels, or a text field where any word will do. */
function labelChoices(review, before, kept) {
  const title = review.kind === "appeal" ? "What is it really?" : review.several ? "What is it? One or several" : "What is it?";
  if (!review.labels.length) {
    const free = h("input", { id: "verdict-label", maxlength: 60, autocomplete: "off", value: kept[0] ?? "" });
    return {
      element: h("div", { class: "field" }, h("label", { for: free.id, text: title }), free),
      chosen: () => (free.value.trim() ? [free.value.trim()] : []),
    };
  }
  const boxes = review.labels.map((value, index) => choice({
    type: review.several ? "checkbox" : "radio", group: "label", value, name: words(value), key: before + index + 1, checked: kept.includes(value),
  }));
  const inputs = boxes.map((box) => box.querySelector("input"));
  const element = h("fieldset", {}, h("legend", { text: title }), h("div", { class: "chips" }, boxes));
  element.addEventListener("change", ({ target }) => {
    if (!target.checked || !review.several) return;
    for (const each of inputs) if (each !== target && (target.value === CLEAR || each.value === CLEAR)) each.checked = false;
  });
  return { element, chosen: () => inputs.filter((each) => each.checked).map((each) => each.value) };
}

function choice({ type, group, value, name, help, key, checked }) {
  return h("label", { class: "chip" },
    h("input", { type, name: group, value, checked, data: { name, ...(key <= 9 && { key: String(key) }) } }),
    key <= 9 && h("kbd", { class: "hint", text: String(key) }),
    h("span", {}, name, help && h("span", { class: "chip-help", text: `: ${help}` })));
}

function asides(acts, note) {
  const button = (name, symbol, key, title, call) => h("button", { type: "button", class: "button plain", title, on: { click: () => call(note.value.trim()) } },
    icon(symbol, 16), name, h("kbd", { class: "hint", text: key }));
  return h("div", { class: "row asides" },
    button("Skip", "skip", "S", "Leave it to somebody else", acts.skip),
    button("Escalate", "up", "E", "Leave it to a lead", acts.escalate),
    button("Put back", "release", "X", "Give it back to the queue", acts.release));
}
