// Loads the modules a few at a time, each after those it needs. All at once would be as many calls of one function side
// by side, and a young AWS account runs ten.

const WAVES = [
  ["dom", "format", "session"],
  ["api", "bars", "icons", "keys"],
  ["claim", "parts", "theme", "undo"],
  ["escalate", "queue", "reveal", "verdict"],
  ["explain", "history", "signin", "tickets"],
  ["media", "quality", "transactions"],
  ["content"],
  ["item"],
  ["desk"],
  ["app"],
];

try {
  for (const wave of WAVES) await Promise.all(wave.map((name) => import(`./${name}.js`)));
} catch (error) {
  const words = document.createElement("p");
  words.className = "boot-failed";
  words.setAttribute("role", "alert");
  words.textContent = "The page could not be loaded whole. Check the connection and load it again.";
  document.getElementById("app").replaceChildren(words);
  throw error;
}
