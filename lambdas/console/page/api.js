// Calls to the API that this page was served by, and the sign-in that they carry.

import { current, keep, forget } from "./session.js";

/** The API lies where the page does, under whatever stage: `…/live/console/api.js` -> `…/live/`. */
const BASE = new URL("../", import.meta.url);
const PATIENCE = 20_000; // milliseconds for one call
const EARLY = 60_000; // milliseconds before its end at which a token is renewed

/** What the server's clock is ahead of this one, in milliseconds, as of its newest answer. */
export let skew = 0;

/** An answer that is not a success. `status` is 0 when there was none; `field` names what was wrong. */
export class ApiError extends Error {
  constructor(status, message, field = null) {
    super(message);
    this.status = status;
    this.field = field;
  }
}

/** Raised when the reviewer has to sign in again. */
export class SignedOut extends Error {}

let renewing = null;

/** The JSON that `method path` answers. Raises ApiError, and SignedOut when no token works any more. */
export async function call(method, path, body, { leaving = false } = {}) {
  let session = current();
  if (!session) throw new SignedOut("You are signed out.");
  // A page that is being left has no time for a second call first.
  if (!leaving && session.until - Date.now() < EARLY) session = await renew();
  const first = await send(method, path, body, session.token, leaving);
  if (first.status !== 401 || leaving) return read(first);
  const second = await send(method, path, body, (await renew()).token, leaving);
  if (second.status === 401) {
    forget();
    throw new SignedOut("Your sign-in has ended.");
  }
  return read(second);
}

/** One step of signing in: the answer's tokens are kept, a challenge is returned. Raises ApiError. */
export async function signIn(step) {
  const answer = await read(await send("POST", "v1/reviewers:signIn", step));
  if (answer.id_token) keep({ email: step.email, token: answer.id_token, refresh: answer.refresh_token, seconds: answer.expires_in });
  return answer;
}

/** A new token for the one that ends; callers at the same time share one call. */
function renew() {
  renewing ??= renewOnce().finally(() => { renewing = null; });
  return renewing;
}

async function renewOnce() {
  const { email, refresh } = current() ?? {};
  try {
    if (!refresh) throw new ApiError(401, "There is nothing to renew the sign-in with.");
    const answer = await read(await send("POST", "v1/reviewers:signIn", { refresh_token: refresh }));
    return keep({ email, token: answer.id_token, refresh: answer.refresh_token ?? refresh, seconds: answer.expires_in });
  } catch (error) {
    // Out of reach is not signed out: the next call may work.
    if (error.status === 0 || error.status === 429 || error.status >= 500) throw error;
    forget();
    throw new SignedOut("Your sign-in has ended.");
  }
}

async function send(method, path, body, token, keepalive = false) {
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token) headers.authorization = `Bearer ${token}`;
  try {
    const answer = await fetch(new URL(path, BASE), {
      method, headers, keepalive, cache: "no-store", credentials: "omit", redirect: "error",
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    });
    const date = Date.parse(answer.headers.get("date") ?? "");
    if (!Number.isNaN(date)) skew = date - Date.now();
    return answer;
  } catch (error) {
    const slow = error.name === "TimeoutError";
    throw new ApiError(0, slow ? "The service did not answer in time. Try again." : "The service cannot be reached. Check the connection and try again.");
  }
}

async function read(answer) {
  let found = null;
  try {
    found = await answer.json();
  } catch {
    if (answer.ok) throw new ApiError(answer.status, "The service answered with something that is not JSON.");
  }
  if (answer.ok) return found;
  throw new ApiError(answer.status, found?.detail ?? found?.message ?? said(answer.status), found?.field ?? null);
}

function said(status) {
  if (status === 401) return "You are not signed in.";
  if (status === 403) return "You may not do this.";
  if (status === 429) return "Too many requests at once. Wait a moment and try again.";
  return `The service answered with an error (${status}). Try again.`;
}
