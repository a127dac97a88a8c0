// Signing in: email and password, then whatever the user pool asks for besides.

import { announce, fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { ApiError, signIn } from "./api.js";
import { notice } from "./parts.js";
import { themeButton } from "./theme.js";

const LEAST = 12; // characters of a new password

/** The page to sign in with; `done` is called once that has worked, `why` says why one has to. */
export function signInView({ done, why = null }) {
  const place = h("div", { class: "signin-steps" });
  const view = h("main", { class: "signin" },
    h("div", { class: "signin-card" },
      h("div", { class: "row spread" }, brand(), themeButton()),
      place));
  first({ place, done, why });
  return view;
}

/** The name and the mark of the product. */
export function brand() {
  return h("span", { class: "brand" }, h("img", { src: new URL("icon.svg", import.meta.url).href, alt: "", width: 26, height: 26 }), "Triage");
}

function first({ place, done, why }) {
  const email = input("email", { type: "email", autocomplete: "username", autocapitalize: "none", spellcheck: "false" });
  const password = input("password", { type: "password", autocomplete: "current-password" });
  step(place, {
    title: "Sign in to review",
    text: why ?? "With the account that your administrator made for you.",
    kind: why ? "warn" : null,
    fields: [field("Email", email), field("Password", password)],
    button: "Sign in",
    send: () => signIn({ email: email.value.trim(), password: password.value }),
    next: (answer) => next({ place, done, email: email.value.trim(), answer }),
    texts: { 401: "Email or password is wrong.", 403: "Email or password is wrong." },
  });
}

function next({ place, done, email, answer }) {
  if (answer.challenge === "new_password") return newPassword({ place, done, email, session: answer.session });
  if (answer.challenge === "code") return code({ place, done, email, session: answer.session });
  announce("Signed in");
  return done();
}

function newPassword({ place, done, email, session }) {
  const once = input("new-password", { type: "password", autocomplete: "new-password", minlength: LEAST });
  const twice = input("new-password-again", { type: "password", autocomplete: "new-password" });
  step(place, {
    title: "Choose your password",
    text: "The one you were given works only once.",
    fields: [
      field("New password", once, `At least ${LEAST} characters, with a capital, a small letter, a digit and a sign such as !.`),
      field("The same again", twice),
    ],
    button: "Set the password",
    check: () => (once.value === twice.value ? null : [twice, "The two are not the same."]),
    send: () => signIn({ email, session, new_password: once.value }),
    next: (answer) => next({ place, done, email, answer }),
    texts: { 401: "This took too long. Sign in again with the password you were given." },
    again: () => first({ place, done, why: null }),
  });
}

function code({ place, done, email, session }) {
  const six = input("code", { inputmode: "numeric", autocomplete: "one-time-code", pattern: "[0-9]{6}", maxlength: 6 });
  step(place, {
    title: "One more code",
    text: "The six digits that your authenticator app shows now.",
    fields: [field("Code", six)],
    button: "Go on",
    send: () => signIn({ email, session, code: six.value }),
    next: (answer) => next({ place, done, email, answer }),
    texts: { 401: "The code is wrong or too old." },
    again: () => first({ place, done, why: null }),
  });
}

function step(place, { title, text, kind, fields, button, check, send, next: onward, texts, again }) {
  const problem = h("div", { class: "problem" });
  const submit = h("button", { type: "submit", class: "button primary wide", text: button });
  const form = h("form", { class: "stack gap", novalidate: true },
    h("h1", { text: title, tabindex: -1 }),
    kind ? notice(kind, text) : h("p", { class: "muted", text }),
    problem, fields, submit,
    again && h("button", { type: "button", class: "button plain", text: "Start again", on: { click: again } }));
  const show = (control, words) => {
    fill(problem, notice("bad", words));
    control?.setAttribute("aria-invalid", "true");
    control?.focus();
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const inputs = [...form.querySelectorAll("input")];
    inputs.forEach((each) => each.removeAttribute("aria-invalid"));
    fill(problem);
    const missing = inputs.find((each) => !each.value.trim());
    if (missing) return show(missing, `${missing.labels[0].firstChild.textContent} is empty.`);
    const invalid = inputs.find((each) => !each.validity.valid);
    if (invalid) return show(invalid, invalid.validationMessage);
    const wrong = check?.();
    if (wrong) return show(...wrong);
    submit.disabled = true;
    fill(submit, h("span", { class: "spinner" }), "One moment");
    try {
      onward(await send());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      show(inputs.at(-1), texts[error.status] ?? error.message);
    } finally {
      submit.disabled = false;
      fill(submit, button);
    }
  });
  fill(place, form);
  queueMicrotask(() => form.querySelector("input").focus()); // once it stands in the page
}

function input(name, given) {
  return h("input", { id: `signin-${name}`, name, required: true, ...given });
}

function field(name, control, help) {
  const id = `${control.id}-help`;
  if (help) control.setAttribute("aria-describedby", id);
  return h("div", { class: "field" }, h("label", { for: control.id, text: name }), control, help && h("span", { id, class: "help", text: help }));
}
