// Parts of the page that the server sends anew: comments, the verdict, the word of a newer version.

import { restore } from "./drafts.js";
import { all, find } from "./room.js";

const shown = new Map();
const waiting = new Map();

export function start() {
  all("[data-part]").forEach((box) => shown.set(box.dataset.part, plain(box.innerHTML)));
  times(document);
  document.addEventListener("focusout", () => setTimeout(flush));
}

// `now`: the person asked for it; else a part in which somebody writes is left alone until they look up.
export function show(name, html, { now = false } = {}) {
  const box = find(`[data-part="${name}"]`);
  const fresh = plain(html);
  if (!box) return;
  if (shown.get(name) === fresh) {
    waiting.delete(name);
  } else if (!now && isWriting(box)) {
    waiting.set(name, html);
  } else {
    waiting.delete(name);
    shown.set(name, fresh);
    replace(box, html);
  }
}

function replace(box, html) {
  const open = all("details[open][id]", box).map((one) => one.id);
  const focused = box.contains(document.activeElement) ? document.activeElement.id : "";
  const pictures = new Map(all("img", box).map((one) => [one.getAttribute("src"), one]));
  box.innerHTML = html;
  all("img", box).forEach((one) => pictures.has(one.getAttribute("src")) && one.replaceWith(pictures.get(one.getAttribute("src"))));
  open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  times(box);
  restore(box);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function isWriting(box) {
  const active = document.activeElement;
  return box.contains(active) && active.matches("textarea, input[type=text]");
}

function flush() {
  Array.from(waiting).forEach(([name, html]) => show(name, html));
}

// As this browser writes it, whatever the server's template looked like.
function plain(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.innerHTML.trim();
}

// Times as this person's own clock shows them.
function times(within) {
  all("time[datetime]", within).forEach((one) => {
    const at = new Date(one.dateTime);
    if (!isNaN(at)) one.textContent = at.toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  });
}
