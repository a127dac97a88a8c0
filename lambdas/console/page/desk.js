// The reviewer's desk: one item at a time from the queue, its claim, and the verdict on its way.

import { ApiError, call, skew } from "./api.js";
import { countdown, secondsLeft, takeable } from "./claim.js";
import { announce, fill, h } from "./dom.js";
import { askToEscalate } from "./escalate.js";
import { itemView } from "./item.js";
import { bind } from "./keys.js";
import { empty, loading, notice } from "./parts.js";
import { coverAll, toggleNext } from "./reveal.js";
import { Waiting, toast } from "./undo.js";
import { verdictForm } from "./verdict.js";

const ENOUGH = 10; // seconds of a claim below which an act is sent at once

/**
 * `place` shows the item, `filters` are the queue's, `candidates()` the items listed that can be taken; `changed()` is
 * called when the queue is no longer as it was, `taken(review)` when an item has become the reviewer's, `shown(id)` with
 * the item that is on the desk, or null.
 */
export class Desk {
  #place; #queue; #claim = null; #form = null; #review = null; #later = []; #busy = false; #turn = 0;

  constructor({ place, queue }) {
    this.#place = place;
    this.#queue = queue;
    this.waiting = new Waiting(document.getElementById("toasts"));
    this.#bind();
    this.clear();
  }

  /** The item on the desk is the reviewer's to judge. */
  get held() {
    return this.#form !== null;
  }

  /** Take the next item that fits the filters. */
  next() {
    return this.#once(async () => {
      const aside = this.#later.pop();
      if (aside) return this.#show(aside.review, { kept: aside.kept });
      if (this.held) return void toast("Finish this one first, or put it back.");
      const turn = this.#wait();
      const review = await this.#claimNext();
      if (review) return this.#arrived(turn, review);
      if (turn !== this.#turn) return undefined; // an undone verdict is back on the desk
      this.clear("done");
      return announce("Nothing waits for you now.");
    });
  }

  /** Open the item of a line of the list: claim it if it waits, else only look. */
  open(summary) {
    return this.#once(async () => {
      if (summary.id === this.#review?.id) return undefined;
      this.#layAside();
      const turn = this.#wait();
      if (takeable(summary, Date.now() + skew)) {
        try {
          return this.#arrived(turn, (await claim({ id: summary.id })).review);
        } catch (error) {
          if (!(error instanceof ApiError) || ![403, 404, 409].includes(error.status)) throw error;
          toast(error.message);
          this.#queue.changed();
        }
      }
      return this.#arrived(turn, await call("GET", path(summary.id)));
    });
  }

  /** The item `id` as an address or a reload names it; the reviewer's own ones go on where they were. */
  look(id) {
    return this.open({ id, state: "unknown", mine: false });
  }

  /** Send what waits and give back what is held: before signing out. */
  async leave() {
    await this.waiting.flush();
    const held = [this.held && this.#review, ...this.#later.map((each) => each.review)].filter(Boolean);
    await Promise.allSettled(held.map((review) => call("POST", path(review.id, "release"), {})));
    this.#stop();
  }

  /** An empty desk. `why` is "done" when the queue had nothing. */
  clear(why = "") {
    this.#stop();
    this.#review = null;
    this.#queue.shown(null);
    fill(this.#place, why === "done"
      ? empty("check", "Nothing waits for you", "New items come in by themselves. What you skipped comes back later.", takeButton("Look again", this))
      : empty("queue", "Ready when you are", "Take the next item, or choose one from the queue. It is yours for some minutes.", takeButton("Take the next item", this)));
  }

  #bind() {
    bind("r", "Item", "More time for this item", () => this.held && this.#renew());
    bind("v", "Item", "Show what is covered, or cover it again", () => this.#review && toggleNext());
    bind("h", "Item", "What mattered in the picture", () => this.#place.querySelector("[data-act='heat']")?.click());
    bind("i", "Item", "Open or close what the model said", () => this.#place.querySelector("[data-act='model'] > summary")?.click());
    bind("1", "Verdict", "Choose; 2 to 9 are the others", () => this.#form?.choose("1"));
    for (const key of "23456789") bind(key, "Verdict", null, () => this.#form?.choose(key));
    bind("m", "Verdict", "Write a note (Ctrl+Enter sends, Esc leaves it)", () => this.#form?.write());
    bind("Enter", "Verdict", "Send", () => this.#form?.send());
    bind("s", "Verdict", "Skip", () => this.held && this.#putAway("skip", "Skipped"));
    bind("e", "Verdict", "Escalate to a lead", () => this.held && this.#escalate());
    bind("x", "Verdict", "Put it back", () => this.held && this.#putAway("release", "Put back"));
    bind("u", "Verdict", "Undo, while the message is there", () => this.waiting.cancel());
  }

  #show(review, { kept = null } = {}) {
    this.#turn += 1;
    this.#stop();
    coverAll();
    this.#review = review;
    const left = review.claim_until ? secondsLeft(review.claim_until, Date.now() + skew) : 0;
    const mine = review.mine && left > 0;
    if (mine) this.#hold(review, kept);
    if (mine) this.#queue.taken(review);
    this.#draw(mine ? null : this.#looked(review));
    if (review.mine && left <= 0) this.#expired();
    this.#queue.shown(review.id);
    this.#place.scrollTo?.(0, 0);
    scrollTo(0, 0);
    this.#place.querySelector("h1")?.focus({ preventScroll: true });
  }

  #hold(review, kept) {
    const acts = {
      verdict: (body, words) => this.#act({ path: "verdict", body, words }),
      skip: (note) => this.#putAway("skip", "Skipped", note),
      release: (note) => this.#putAway("release", "Put back", note),
      escalate: () => this.#escalate(),
    };
    this.#form = verdictForm({ review, acts, kept });
    this.#claim = countdown({ until: review.claim_until, skew, renew: () => this.#renew(), expired: () => this.#expired() });
  }

  #draw(banner) {
    const review = this.#review;
    fill(this.#place, itemView({
      review, banner,
      form: this.#form?.element ?? null,
      claim: this.#claim?.element ?? null,
      again: (name) => this.#freshLink(name),
      explain: explainer(review),
      back: () => this.#back(),
    }));
  }

  /** Why an item that is not the reviewer's can only be looked at, and the way to make it theirs. */
  #looked(review) {
    if (review.mine) return null;
    const take = h("button", { type: "button", class: "button compact", text: "Claim it", on: { click: () => this.#claimAgain() } });
    if (review.state === "settled") return notice("", "This is settled. You can look at it, not change it.");
    if (review.state === "claimed") return notice("", `${review.held_by} is looking at this. You can only watch.`);
    return notice("", review.state === "escalated" ? "This waits for a lead." : "This waits for somebody.", take);
  }

  #expired() {
    if (!this.#review) return;
    const kept = this.#form?.state() ?? null;
    this.#form = null;
    this.#claim = null;
    this.#draw(notice("warn", "Your time for this item has run out: others can take it now. What you chose is kept here.",
      h("button", { type: "button", class: "button compact", text: "Claim it again", on: { click: () => this.#claimAgain(kept) } })));
    announce("Your time for this item has run out.", true);
    this.#queue.changed();
  }

  #claimAgain(kept = null) {
    return this.#once(async () => {
      const { review } = await claim({ id: this.#review.id });
      this.#show(review, { kept });
      this.#queue.changed();
    });
  }

  #renew() {
    return this.#once(async () => {
      const { review } = await claim({ id: this.#review.id });
      this.#review = { ...this.#review, claim_until: review.claim_until };
      const old = this.#claim;
      this.#claim = countdown({ until: review.claim_until, skew, renew: () => this.#renew(), expired: () => this.#expired() });
      old.stop();
      old.element.replaceWith(this.#claim.element);
      announce("The time starts anew.");
    });
  }

  #putAway(what, words, note = this.#form.state().note.trim()) {
    return this.#act({ path: what, body: note ? { note } : {}, words });
  }

  #escalate() {
    askToEscalate(this.#form.state().note, (note) => this.#putAway("escalate", "Escalated", note));
  }

  /** Hold an act back for the seconds in which it can be undone, and go on with the next item meanwhile. */
  async #act({ path: what, body, words }) {
    const review = this.#review;
    const kept = this.#form.state();
    this.clear();
    await this.waiting.hold({
      words,
      send: (leaving) => this.#send({ review, kept, what, body, leaving }),
      undo: () => this.#reopen({ review, kept }),
    });
    if (secondsLeft(review.claim_until, Date.now() + skew) < ENOUGH) await this.waiting.flush();
    // Who puts an item back is about to stop; who has judged one goes on.
    return what === "release" ? undefined : this.next();
  }

  async #send({ review, kept, what, body, leaving }) {
    try {
      await call("POST", path(review.id, what), body, { leaving });
      this.#queue.changed();
    } catch (error) {
      if (leaving) return;
      toast(`Not sent: ${error.message}`, { bad: true, action: { words: "Open it again", call: () => this.#reopen({ review, kept }) } });
      if (!(error instanceof ApiError)) throw error;
    }
  }

  #reopen({ review, kept }) {
    this.#layAside();
    this.#show(review, { kept });
  }

  /** The next item from the server; the one whose verdict still waits is not next. */
  async #claimNext() {
    const { service, kind, severity, state } = this.#queue.filters();
    // The API hands out by service and kind; what the page alone filters by is claimed by name.
    const named = severity > 0 || state === "escalated";
    for (const each of named ? this.#queue.candidates() : []) {
      try {
        return (await claim({ id: each.id })).review;
      } catch (error) {
        if (!(error instanceof ApiError) || ![403, 404, 409].includes(error.status)) throw error; // taken meanwhile: the next one
      }
    }
    return named ? null : (await claim({ ...(service && { service }), ...(kind && { kind }) })).review;
  }

  async #freshLink(name) {
    try {
      return (await call("GET", path(this.#review.id))).media.find((each) => each.name === name) ?? null;
    } catch (error) {
      toast(error.message, { bad: true });
      return null;
    }
  }

  /** What is held waits for its turn: the next item is it again. */
  #layAside() {
    if (this.held) this.#later.push({ review: this.#review, kept: this.#form.state() });
  }

  #back() {
    this.#layAside();
    this.clear();
  }

  #wait() {
    this.#stop();
    fill(this.#place, h("div", { class: "item-wait" }, loading("The item is being fetched")));
    this.#queue.shown("");
    return this.#turn;
  }

  /** An item that was fetched: onto the desk, unless something else has come onto it meanwhile. */
  #arrived(turn, review) {
    if (turn === this.#turn) this.#show(review);
    else if (review.mine) this.#later.push({ review, kept: null });
  }

  #stop() {
    this.#claim?.stop();
    this.#claim = null;
    this.#form = null;
  }

  /** One thing at a time; what goes wrong is shown on the desk or, when an item is there, beside it. */
  async #once(work) {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.held) toast(error.message, { bad: true });
      else this.#failed(error.message);
    } finally {
      this.#busy = false;
    }
  }

  #failed(words) {
    this.clear();
    this.#place.prepend(notice("bad", words));
  }
}

function claim(what) {
  return call("POST", "v1/reviews:claim", what);
}

function path(id, act = "") {
  return `v1/reviews/${encodeURIComponent(id)}${act && `/${act}`}`;
}

/** Asks why `review` was decided as it was, once: whoever asks again gets the same answer. */
function explainer({ service, decision_id: id }) {
  let asked = null;
  return () => {
    asked ??= call("GET", `v1/reviews/${service}/${encodeURIComponent(id)}/explanation`).catch((error) => {
      asked = null;
      throw error;
    });
    return asked;
  };
}

function takeButton(text, desk) {
  return h("button", { type: "button", class: "button primary", on: { click: () => desk.next() } }, text, h("kbd", { class: "hint", text: "N" }));
}
