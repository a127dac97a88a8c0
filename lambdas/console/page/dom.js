// Elements from names, attributes and children. Text only ever becomes text nodes: nothing here parses markup,
// so what people and posts write can never become a part of the page.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `given`: `class`, `text`, `on` (event -> handler), `style` (property -> value, set through the
 * CSSOM, which a strict content security policy allows), `data`, and any attribute; null, undefined and false
 * leave one out, true sets it empty.
 */
export function h(tag, given = {}, ...children) {
  return dress(document.createElement(tag), given, children);
}

/** The same in SVG. */
export function s(tag, given = {}, ...children) {
  return dress(document.createElementNS(SVG, tag), given, children);
}

function dress(element, given, children) {
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.setAttribute("class", value);
    else if (name === "text") element.textContent = value;
    else if (name === "on") for (const [event, call] of Object.entries(value)) element.addEventListener(event, call);
    else if (name === "style") for (const [key, to] of Object.entries(value)) element.style.setProperty(key, to);
    else if (name === "data") for (const [key, to] of Object.entries(value)) element.dataset[key] = to;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Put `children` in the place of what `element` holds. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Tell those who listen and do not look; `urgent` interrupts them. */
export function announce(text, urgent = false) {
  const region = document.getElementById(urgent ? "assertive" : "polite");
  region.textContent = "";
  // The same words twice are only read twice when the region was empty in between.
  requestAnimationFrame(() => { region.textContent = text; });
}
