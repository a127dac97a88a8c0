// The sign-in of this browser tab: in sessionStorage, so it ends with the tab and no other tab has it.

const KEY = "triage.session";

/** `{ email, token, refresh, until }` with `until` in milliseconds, or null when signed out. */
export function current() {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    return found?.token ? found : null;
  } catch {
    return null; // not ours, or cut short: as good as signed out
  }
}

/** Keep the tokens; returns the session as it now is. */
export function keep({ email, token, refresh, seconds }) {
  const session = { email, token, refresh, until: Date.now() + seconds * 1000 };
  sessionStorage.setItem(KEY, JSON.stringify(session));
  return session;
}

/** Sign out here. */
export function forget() {
  sessionStorage.removeItem(KEY);
}
