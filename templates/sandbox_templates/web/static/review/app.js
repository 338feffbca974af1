// The app in its frame. It runs on another origin and is believed nothing: what it says is checked, cut, and only ever text.

import { all, find, room } from "./room.js";

const frame = document.getElementById("app");
const origin = room.dataset.origin;
const PATIENCE = 20000; // ms until the page says that the app has not answered
const ANSWER = 5000; // ms for the app to say where it is: it may be busy with a plot
const ANSWER_OF_SILENT = 500; // ms, once it has not even greeted
const MOST_INPUTS = 64 * 1024; // characters as JSON
const asked = new Map();
let last = 0;
let greeted = false;
let waiting = 0;

export function start() {
  if (!frame) return;
  window.addEventListener("message", hear);
  frame.addEventListener("load", expect);
  all("[data-own-tab]").forEach((link) => link.addEventListener("click", () => show("tab")));
  find("[data-bring-back]").addEventListener("click", () => show("here"));
  const again = find("[data-reload]");
  again.hidden = false;
  again.addEventListener("click", load);
  greet();
}

export const isHere = () => Boolean(frame) && room.dataset.app !== "tab";

export const size = () => ({ width: frame.clientWidth, height: frame.clientHeight });

// Where in the app the person is, as far as the app says; it may say nothing.
export function where() {
  if (!isHere()) return Promise.resolve({});
  const id = (last += 1);
  return new Promise((done) => {
    asked.set(id, done);
    tell({ sandbox: "where", id });
    setTimeout(() => asked.delete(id) && done({}), find("#silent").hidden ? ANSWER : ANSWER_OF_SILENT);
  });
}

function tell(words) {
  frame.contentWindow?.postMessage(words, origin);
}

function hear(event) {
  if (event.origin !== origin || event.source !== frame.contentWindow) return;
  const said = event.data;
  if (said === null || typeof said !== "object") return;
  if (said.sandbox === "hello") {
    greeted = true;
    find("#silent").hidden = true;
    state("");
  } else if (said.sandbox === "moved") {
    moved();
  } else if (said.sandbox === "state") {
    state(said.state === "lost" ? "The app has lost its connection: load it again." : "");
  } else if (said.sandbox === "place" && asked.has(said.id)) {
    const done = asked.get(said.id);
    asked.delete(said.id);
    done(place(said));
  }
}

function place(said) {
  const url = typeof said.url === "string" && said.url.length <= 4000 && said.url.startsWith("/") ? said.url : "";
  return { url, scroll_x: pixels(said.scroll_x), scroll_y: pixels(said.scroll_y), inputs: inputs(said.inputs) };
}

const pixels = (given) => (typeof given === "number" && given > 0 && given <= 1000000 ? Math.round(given) : 0);

function inputs(given) {
  try {
    const text = JSON.stringify(given);
    const plain = text.length <= MOST_INPUTS ? JSON.parse(text) : {};
    return plain !== null && typeof plain === "object" && !Array.isArray(plain) ? plain : {};
  } catch {
    return {};
  }
}

function greet() {
  state("It is being opened …");
  expect();
}

// Of each page that comes into the frame: the app may have led away to one that cannot be shown here.
function expect() {
  greeted = false;
  moved();
  // Our script may have come after the app's greeting.
  tell({ sandbox: "hello" });
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    if (greeted || !isHere()) return;
    state("");
    find("#silent").hidden = false;
  }, PATIENCE);
}

function load() {
  show("here");
  frame.src = frame.dataset.src;
  greet();
}

// In its own tab or here: two at once would be two sessions of one person.
function show(place) {
  const was = room.dataset.app;
  room.dataset.app = place;
  find("#away").hidden = place !== "tab";
  frame.hidden = place === "tab";
  if (place === "tab") {
    find("#silent").hidden = true;
    state("");
    frame.src = "about:blank";
  } else if (was === "tab") {
    frame.src = frame.dataset.src;
    greet();
  }
}

// What was pointed at is no longer where it was.
function moved() {
  room.dispatchEvent(new Event("moved"));
}

function state(words) {
  find("#app-state").textContent = words;
}
