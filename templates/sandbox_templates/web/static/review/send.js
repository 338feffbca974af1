// Forms go to the server without leaving the page: the app in its frame goes on. Sent twice, it is still one comment.

import { draft, forget, keep } from "./drafts.js";
import { show } from "./parts.js";
import { find, random } from "./room.js";

const before = new Map();
const after = new Map();

// `add(data)` may add to what a form sends; `done()` is called when it was taken.
export function prepare(name, add, done) {
  before.set(name, add);
  after.set(name, done);
}

export function start() {
  // What was said of the last one is over as soon as the next one is begun.
  document.addEventListener("input", (event) => over(event.target.form));
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-send]")) return;
    event.preventDefault();
    // Before anything is awaited: a second click must find it busy.
    if (event.target.ariaBusy !== "true") submit(event.target, event.submitter);
  });
}

function over(form) {
  const place = form?.matches("[data-send]") && find("[data-status]", form);
  [place, document.getElementById("said")].forEach((one) => one && say(one, "", false));
}

async function submit(form, button) {
  over(form);
  const asks = Boolean(button?.hasAttribute("formaction"));
  const name = asks ? "" : form.dataset.send;
  busy(form, button, true);
  try {
    const data = new FormData(form);
    await before.get(name)?.(data);
    const print = await fingerprint(data);
    if (data.has("key")) data.set("key", key(name, print));
    const answer = await post(asks ? button.formAction : form.action, data);
    keep("key-" + name, undefined);
    if (!asks) forget(form);
    after.get(name)?.();
    taken(form, answer);
  } catch (error) {
    said(form, error.message);
  } finally {
    busy(form, button, false);
  }
}

function taken(form, answer) {
  const part = form.closest("[data-part]");
  Object.entries(answer.parts).forEach(([name, html]) => show(name, html, { now: true }));
  const place = form.isConnected ? find("[data-status]", form) : document.getElementById("said");
  say(place, answer.said, false);
  // What had the focus is gone: go on at the head of the same part.
  if (part && !part.contains(document.activeElement)) find("h2", part.parentElement).focus();
}

async function post(url, data) {
  let response;
  try {
    response = await fetch(url, { method: "POST", body: data, headers: { Accept: "application/json" }, redirect: "error" });
  } catch {
    throw new Error("It could not be sent: the server does not answer. What you wrote is kept; try again in a while.");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok && answer.parts) return answer;
  const error = answer.error || { message: "It could not be sent.", hint: "What you wrote is kept; try again in a while." };
  throw new Error(`${error.message} ${error.hint || ""}`.replaceAll("`", "").trim());
}

// The same thing keeps its key through a lost answer and a reload; what was changed is another thing.
function key(name, print) {
  const known = draft("key-" + name);
  if (known?.print === print) return known.key;
  const made = { key: random(), print };
  keep("key-" + name, made);
  return made.key;
}

async function fingerprint(data) {
  const words = [];
  for (const [name, value] of data) {
    if (name === "key") continue;
    words.push(name, typeof value === "string" ? value : `${value.name} ${value.size}`);
  }
  const bytes = new TextEncoder().encode(JSON.stringify(words));
  if (!crypto.subtle) return words.join("\n").slice(0, 2000);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash.slice(0, 12), (one) => one.toString(16).padStart(2, "0")).join("");
}

function busy(form, button, is) {
  form.ariaBusy = String(is);
  if (button) button.setAttribute("aria-disabled", String(is));
  if (is) said(form, "Sending …", false);
}

function said(form, words, wrong = true) {
  const place = find("[data-status]", form);
  say(place, words, wrong);
  // It stands at the form's end, and on a phone the button that was pressed may be far above.
  if (wrong) place.scrollIntoView({ block: "nearest" });
}

function say(place, words, wrong) {
  place.textContent = words;
  place.classList.toggle("wrong", wrong);
}
