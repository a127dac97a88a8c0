// Line drawings of 24 by 24, drawn with the text's colour.

import { s } from "./dom.js";

const PATHS = {
  ticket: "M4 5h16v11H9l-5 4z M8 9h8 M8 12h5",
  card: "M3 6h18v12H3z M3 10h18 M7 15h4",
  content: "M4 4h16v16H4z M4 16l5-5 4 4 3-3 4 4 M15.5 8.5h.01",
  queue: "M4 6h16 M4 12h16 M4 18h10",
  chart: "M4 20V4 M4 20h16 M8 16v-4 M12 16V8 M16 16v-6",
  keyboard: "M3 7h18v10H3z M7 11h.01 M11 11h.01 M15 11h.01 M8 14h8",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z M12 3v1.5 M12 19.5V21 M3 12h1.5 M19.5 12H21 M5.6 5.6l1.1 1.1 M17.3 17.3l1.1 1.1 M5.6 18.4l1.1-1.1 M17.3 6.7l1.1-1.1",
  moon: "M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5z",
  auto: "M12 4a8 8 0 1 0 0 16z M12 4a8 8 0 0 1 0 16",
  out: "M14 4h5v16h-5 M10 8l-4 4 4 4 M6 12h9",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  hidden: "M4 4l16 16 M9.9 5.8A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a16 16 0 0 1-3 3.7 M6.3 7.6A16 16 0 0 0 2.5 12s3.5 6.5 9.5 6.5a9 9 0 0 0 4-1",
  clock: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z M12 7.5V12l3 2",
  skip: "M5 5l8 7-8 7z M18 5v14",
  up: "M12 20V5 M6 11l6-6 6 6",
  back: "M15 5l-7 7 7 7",
  undo: "M8 5L4 9l4 4 M4 9h10a5.5 5.5 0 0 1 0 11h-4",
  check: "M5 12.5l4.5 4.5L19 7.5",
  warn: "M12 4l9 16H3z M12 10v4 M12 17h.01",
  flame: "M12 3s5.5 4.5 5.5 10a5.5 5.5 0 0 1-11 0c0-2.5 1.5-4 2.5-5 0 2 1 3 2 3 1.5 0 1-4 1-8z",
  copy: "M9 9h11v11H9z M15 9V4H4v11h5",
  refresh: "M20 5v5h-5 M4 19v-5h5 M19.5 10A8 8 0 0 0 5.5 7.5 M4.5 14a8 8 0 0 0 14 2.5",
  release: "M12 4v11 M7 10l5 5 5-5 M5 20h14",
  scales: "M12 4v16 M7 20h10 M5 7h14 M5 7l-2.5 6h5z M19 7l-2.5 6h5z",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z M2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6 M16 4.5a3.5 3.5 0 0 1 0 6.5 M18 14.5c2.5.8 3.5 3 3.5 5.5",
  sample: "M9 3h6 M10 3v6l-5 10a1.5 1.5 0 0 0 1.3 2h11.4a1.5 1.5 0 0 0 1.3-2L14 9V3 M8 15h8",
  sound: "M4 10v4h4l5 4V6L8 10z M16 9.5a4 4 0 0 1 0 5 M18.5 7a8 8 0 0 1 0 10",
  text: "M5 6h14 M12 6v13 M9 19h6",
  more: "M6 12h.01 M12 12h.01 M18 12h.01",
};

/** The icon `name`, hidden from screen readers: what it says stands beside it or in a label. */
export function icon(name, size = 18) {
  return s(
    "svg",
    { viewBox: "0 0 24 24", width: size, height: size, class: "icon", "aria-hidden": "true", focusable: "false" },
    ...PATHS[name].split(/ (?=M)/).map((path) => s("path", { d: path })),
  );
}
