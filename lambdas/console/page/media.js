// Pictures and sounds, covered until they are asked for. Nothing is fetched before that: the link is set on uncovering.

import { ApiError } from "./api.js";
import { fill, h } from "./dom.js";
import { stamp } from "./format.js";
import { icon } from "./icons.js";
import { notice } from "./parts.js";
import { covered } from "./reveal.js";

const QUIET = 0.4; // a sound starts at less than half: what it holds may be a scream

/**
 * The picture at `link`, in shades of grey until colour is asked for. `heat()`, unless null, gives `{ url, why }` of the
 * heat map, which is fetched when it is first wanted; `again` fetches a link that still works: they last minutes.
 */
export function picture({ link, heat = null, why, again }) {
  const image = h("img", { alt: "The picture under review", class: "media-image grey", draggable: "false" });
  const overlay = heat && h("img", { alt: "", class: "media-heat", hidden: true });
  const trouble = h("div");
  const colour = pressed("Colour", (on) => image.classList.toggle("grey", !on));
  const warm = heat && pressed("What mattered", warmUp, "H");
  const told = h("span", { class: "muted small", role: "status" });
  if (warm) warm.dataset.act = "heat";
  async function warmUp(on) {
    overlay.hidden = !on;
    fill(told);
    if (!on || overlay.hasAttribute("src")) return;
    fill(told, "The model is asked…");
    try {
      const { url, policy, why: none } = await heat();
      if (url) overlay.src = url;
      fill(told, url ? `Red is where the model saw signs of ${policy}.` : none);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      fill(told, error.message);
    }
  }
  image.addEventListener("error", () => image.getAttribute("src") && fill(trouble, notice("warn", "The picture cannot be shown: its link has run out, or it is damaged.", h("button", { type: "button", class: "button compact", text: "Try again", on: { click: refresh } }))));
  async function refresh() {
    fill(trouble);
    const fresh = await again();
    if (fresh) image.src = fresh.url;
  }
  return covered(
    h("figure", { class: "media" },
      h("div", { class: "media-frame" }, image, overlay),
      trouble,
      h("figcaption", { class: "row" }, colour, warm, told)),
    {
      what: "picture", why,
      open: () => { image.src = link.url; },
      close: () => image.removeAttribute("src"),
    },
  );
}

/** The sound at `link` with its transcript, `[{ start, end, text }]`; a time stamp plays from there. */
export function recording({ link, transcript = [], why, again }) {
  const player = h("audio", { controls: true, preload: "none", controlslist: "nodownload", "aria-label": "The sound under review" });
  const trouble = h("div");
  player.volume = QUIET;
  player.addEventListener("error", () => player.getAttribute("src") && fill(trouble, notice("warn", "The sound cannot be played: its link has run out, or it is damaged.", h("button", { type: "button", class: "button compact", text: "Try again", on: { click: refresh } }))));
  async function refresh() {
    fill(trouble);
    const fresh = await again();
    if (fresh) player.src = fresh.url;
  }
  const lines = transcript.map((each) => line(each, player));
  player.addEventListener("timeupdate", () => transcript.forEach((each, index) =>
    lines[index].classList.toggle("now", player.currentTime >= each.start && player.currentTime < each.end)));
  return covered(
    h("div", { class: "media sound" }, player, trouble,
      lines.length > 0 && h("ol", { class: "transcript", "aria-label": "Transcript" }, lines)),
    {
      what: lines.length ? "sound and transcript" : "sound", why,
      open: () => { player.src = link.url; },
      close: () => { player.pause(); player.removeAttribute("src"); player.load(); },
    },
  );
}

function line({ start, text }, player) {
  const jump = () => {
    player.currentTime = start;
    player.play().catch(() => undefined); // the player shows an error of its own
  };
  return h("li", {},
    h("button", { type: "button", class: "button plain compact stamp", "aria-label": `Play from ${stamp(start)}`, on: { click: jump } }, icon("sound", 14), stamp(start)),
    h("span", { text }));
}

function pressed(name, call, key = null) {
  const button = h("button", { type: "button", class: "button compact", "aria-pressed": "false" }, name, key && h("kbd", { class: "hint", text: key }));
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    call(on);
  });
  return button;
}
