// The page: who is signed in, which view is shown, and what ties the queue to the desk.

import { ApiError, SignedOut, call } from "./api.js";
import { takeable } from "./claim.js";
import { Desk } from "./desk.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { bind, legend, listen } from "./keys.js";
import { qualityView } from "./quality.js";
import { queueView } from "./queue.js";
import { current, forget } from "./session.js";
import { brand, signInView } from "./signin.js";
import { themeButton, wear } from "./theme.js";

const AGAIN = 30_000; // milliseconds after which the list is fetched again while somebody looks
const PAGE = 50;
const app = document.getElementById("app");
let stop = () => undefined;

wear();
listen();
addEventListener("unhandledrejection", (event) => {
  if (!(event.reason instanceof SignedOut)) return;
  event.preventDefault();
  signIn(event.reason.message);
});
if (current()) work();
else signIn();

function signIn(why = null) {
  stop();
  forget();
  document.title = "Sign in · Triage console";
  fill(app, signInView({ why, done: work }));
}

/** The page of somebody who is signed in. */
function work() {
  const wanted = named(); // before the desk, which starts empty, says so in the address
  const keysDialog = legend();
  const place = h("section", { class: "desk", "aria-label": "Item" });
  const queue = makeQueue();
  const desk = new Desk({ place, queue: queue.forDesk });
  queue.attach(desk);
  const quality = qualityView();
  const review = h("div", { class: "workplace" }, queue.element, place);
  const tabs = tabBar({ review, quality: quality.element }, (name) => {
    if (name === "quality") quality.load();
    else queue.load();
  });
  const leave = async () => {
    await desk.leave();
    signIn();
  };
  fill(app,
    h("a", { class: "skip-link", href: "#main", text: "To the item", on: { click: (event) => { event.preventDefault(); place.querySelector("h1, button")?.focus(); } } }),
    h("header", { class: "top" },
      brand(), tabs.element,
      h("div", { class: "row tight top-end" },
        h("button", { type: "button", class: "button plain", "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts (?)", on: { click: keysDialog.open } }, icon("keyboard"), h("kbd", { class: "hint", text: "?" })),
        themeButton(),
        h("span", { class: "who small muted", title: "Signed in as", text: current().email }),
        h("button", { type: "button", class: "button plain", title: "Sign out; what you hold goes back to the queue", "aria-label": "Sign out", on: { click: leave } }, icon("out")))),
    h("main", { id: "main" }, review, quality.element),
    keysDialog.dialog);
  bind("?", "Page", "This list", keysDialog.open);
  bind("q", "Page", "Queue", () => tabs.show("review"));
  bind("k", "Page", "Quality", () => tabs.show("quality"));
  tabs.show("review");
  const timer = setInterval(() => { if (!document.hidden && !review.hidden) queue.load({ quiet: true }); }, AGAIN);
  const follow = () => { if (named()) desk.look(named()); };
  addEventListener("hashchange", follow);
  stop = () => {
    clearInterval(timer);
    removeEventListener("hashchange", follow);
    stop = () => undefined;
  };
  resume(desk, wanted);
}

/** The item that the address names, or null. */
function named() {
  const found = /^#\/item\/(.+)$/.exec(location.hash);
  return found && decodeURIComponent(found[1]);
}

/** Go on with what the reviewer held when the page was left. */
async function resume(desk, wanted) {
  if (wanted) return desk.look(wanted);
  try {
    const { reviews } = await call("GET", "v1/reviews?state=claimed&limit=100");
    const mine = reviews.find((each) => each.mine);
    if (mine) await desk.look(mine.id);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error; // the list beside it says what is wrong
  }
  return undefined;
}

/** The list and its state, with what the desk needs of it. */
function makeQueue() {
  const state = { reviews: [], cursor: null, busy: false, error: null, current: null };
  let desk = null;
  let asked = 0;
  const view = queueView({
    next: () => desk.next(),
    open: (summary) => desk.open(summary),
    changed: () => load(),
    more: () => load({ more: true }),
  });
  const show = () => view.show(state);

  async function load({ more = false, quiet = false } = {}) {
    const own = ++asked; // an older answer that comes later is not shown
    const { service, kind, state: wanted } = view.filters;
    const query = new URLSearchParams({ state: wanted, limit: String(Math.min(100, quiet ? Math.max(PAGE, state.reviews.length) : PAGE)) });
    if (service) query.set("service", service);
    if (kind) query.set("kind", kind);
    if (more && state.cursor) query.set("cursor", state.cursor);
    if (!quiet && !more) state.reviews = [];
    state.busy = true;
    show();
    try {
      const found = await call("GET", `v1/reviews?${query}`);
      if (own !== asked) return;
      Object.assign(state, { reviews: more ? [...state.reviews, ...found.reviews] : found.reviews, cursor: found.cursor, error: null });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (own === asked) state.error = error.message;
    } finally {
      if (own === asked) {
        state.busy = false;
        show();
      }
    }
  }

  return {
    element: view.element,
    load,
    attach: (made) => { desk = made; },
    forDesk: {
      filters: () => view.filters,
      candidates: () => state.reviews.filter((each) => (takeable(each) || each.state === "escalated") && !each.mine && each.severity >= view.filters.severity),
      changed: () => { load({ quiet: true }).catch((error) => { if (!(error instanceof SignedOut)) throw error; }); },
      taken: (review) => {
        state.reviews = state.reviews.map((each) => (each.id === review.id ? { ...each, state: review.state, mine: true, claim_until: review.claim_until } : each));
      },
      shown: (id) => {
        state.current = id;
        document.documentElement.classList.toggle("has-item", id !== null);
        document.title = id ? "Item · Triage console" : "Queue · Triage console";
        history.replaceState(null, "", id ? `#/item/${encodeURIComponent(id)}` : "#/queue");
        show();
      },
    },
  };
}

/** The tabs over `views`; `shown` is called with the name of the one that is opened. */
function tabBar(views, shown) {
  const names = { review: ["queue", "Review"], quality: ["chart", "Quality"] };
  const buttons = Object.fromEntries(Object.keys(views).map((name) => [name,
    h("button", { type: "button", class: "tab", on: { click: () => show(name) } }, icon(names[name][0]), h("span", { text: names[name][1] }))]));
  function show(name) {
    for (const [each, view] of Object.entries(views)) {
      view.hidden = each !== name;
      if (each === name) buttons[each].setAttribute("aria-current", "page");
      else buttons[each].removeAttribute("aria-current");
    }
    shown(name);
  }
  return { element: h("nav", { class: "tabs", "aria-label": "Views" }, Object.values(buttons)), show };
}
