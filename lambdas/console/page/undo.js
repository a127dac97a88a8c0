// A verdict waits a few seconds before it is sent, so that a slip can be taken back. One waits at a time: the next one,
// or leaving the page, sends the one before.

import { announce, h } from "./dom.js";
import { icon } from "./icons.js";

export const WAIT = 5; // seconds

/** The one act that waits; `place` is the element its message is shown in. */
export class Waiting {
  #place;
  #act = null;

  constructor(place) {
    this.#place = place;
    // Both: a phone that puts the page away may never fire the second.
    addEventListener("pagehide", () => this.flush(true));
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.flush(true); });
  }

  /** True while an act waits. */
  get busy() {
    return this.#act !== null;
  }

  /**
   * Call `send(leaving)` in WAIT seconds unless it is undone; resolves when it has been sent. `words` say what is about
   * to happen; `undo` brings the item back.
   */
  async hold({ words, send, undo }) {
    await this.flush();
    const message = this.#message(words);
    this.#place.append(message);
    announce(`${words}. Press U to undo.`);
    const act = { send, undo, message, timer: setTimeout(() => this.flush(), WAIT * 1000) };
    this.#act = act;
  }

  /** Send what waits, now. */
  async flush(leaving = false) {
    const act = this.#take();
    if (act) await act.send(leaving);
  }

  /** Take back what waits; false when nothing did. */
  cancel() {
    const act = this.#take();
    if (!act) return false;
    announce("Taken back. Nothing was sent.");
    act.undo();
    return true;
  }

  #take() {
    const act = this.#act;
    this.#act = null;
    if (!act) return null;
    clearTimeout(act.timer);
    act.message.remove();
    return act;
  }

  #message(words) {
    return h("div", { class: "toast" },
      icon("check"),
      h("span", { class: "grow", text: words }),
      h("button", { type: "button", class: "button compact", on: { click: () => this.cancel() } },
        icon("undo", 15), "Undo", h("kbd", { class: "hint", text: "U" })),
      h("span", { class: "fuse", style: { "animation-duration": `${WAIT}s` } }));
  }
}

/** A message that goes by itself, or stays until it is closed when it is `bad`. */
export function toast(words, { bad = false, action = null } = {}) {
  const place = document.getElementById("toasts");
  const box = h("div", { class: bad ? "toast bad" : "toast" },
    icon(bad ? "warn" : "check"),
    h("span", { class: "grow", text: words }),
    action && h("button", { type: "button", class: "button compact", text: action.words, on: { click: () => { box.remove(); action.call(); } } }),
    h("button", { type: "button", class: "button plain compact", text: "Close", on: { click: () => box.remove() } }));
  place.append(box);
  announce(words, bad);
  if (!bad) setTimeout(() => box.remove(), 4000);
}
