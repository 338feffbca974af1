// What a person has begun and not sent, kept in this browser by link: a reload, a sleep or a newer version loses nothing.
// The app cannot read it: it has another origin.

import { all, room } from "./room.js";

const BOX = "sandbox-review-" + room.dataset.link;

function kept() {
  try {
    return JSON.parse(localStorage.getItem(BOX)) || {};
  } catch {
    return {};
  }
}

export const draft = (name) => kept()[name];

// Read anew each time: another tab may show the same link.
export function keep(name, value) {
  const now = kept();
  if (value === undefined || value === "") delete now[name];
  else now[name] = value;
  try {
    localStorage.setItem(BOX, JSON.stringify(now));
  } catch {
    // No room, or not allowed: then it lasts as long as the page.
  }
}

export function start() {
  document.addEventListener("input", (event) => {
    const name = event.target.dataset?.draft;
    if (!name) return;
    keep(name, event.target.value);
    note(event.target);
  });
  restore(document);
}

// Fill in what was begun, also in a part that was shown anew.
export function restore(within) {
  all("[data-draft]", within).forEach((field) => {
    const value = draft(field.dataset.draft);
    if (typeof value === "string") {
      if (field.type === "radio") field.checked = field.value === value;
      else field.value = value;
    }
    note(field);
    if (value && field.tagName === "TEXTAREA") field.closest("details")?.setAttribute("open", "");
  });
}

// It was sent: nothing of this form is a draft any more.
export function forget(form) {
  all("[data-draft]", form).forEach((field) => keep(field.dataset.draft, undefined));
}

function note(field) {
  const most = Number(field.dataset.most);
  const line = document.getElementById(field.id + "-note");
  if (!most || !line) return;
  const length = field.value.trim().length;
  const over = length > most;
  line.textContent = length > most * 0.9 ? `${length.toLocaleString("en")} of ${most.toLocaleString("en")} characters` : "";
  line.classList.toggle("wrong", over);
  field.setCustomValidity(over ? `Shorten it: ${most.toLocaleString("en")} characters are allowed.` : "");
}
