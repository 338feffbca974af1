// A comment: its words, the place that it is about, and a picture.

import * as app from "./app.js";
import { draft, keep } from "./drafts.js";
import * as panel from "./panel.js";
import * as picture from "./picture.js";
import * as point from "./point.js";
import { prepare } from "./send.js";
import { all, find, room } from "./room.js";

const form = document.getElementById("comment-form");
const row = find("[data-place]", form);
let place = draft("place");
let asking = null; // until the app has said where it is
let isInView = false; // the app still shows what was pointed at

export function start() {
  picture.start(form);
  prepare("comment", add, done);
  if (!row) return;
  row.hidden = false;
  all("[data-point]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", choose);
  });
  find("[data-unpoint]", row).addEventListener("click", () => {
    remember(undefined);
    find("[data-point]", row).focus();
  });
  tell();
  room.addEventListener("moved", () => {
    isInView = false;
    tell();
  });
}

async function choose() {
  if (!app.isHere()) {
    say("The app is open in its own tab: paste a picture instead.");
    return;
  }
  find("#stage").scrollIntoView({ block: "nearest" });
  const at = await point.pick();
  if (!at) return;
  // At once: what the app says of itself comes a moment later, and a reload must not lose the place.
  isInView = true;
  remember({ ...frame(), ...at });
  asking = complete(place);
  panel.unfold();
  find("textarea", form).focus();
}

async function complete(pointed) {
  const told = await here();
  if (place === pointed) remember({ ...told, x: pointed.x, y: pointed.y });
}

async function here() {
  return { ...(await app.where()), ...frame() };
}

function frame() {
  const { width, height } = app.size();
  return { width: Math.max(width, 1), height: Math.max(height, 1), version: Number(room.dataset.version) };
}

function remember(chosen) {
  place = chosen;
  keep("place", chosen);
  tell();
}

function tell() {
  if (!row) return;
  find("[data-unpoint]", row).hidden = !place;
  if (!place) {
    point.hide();
    say("");
    return;
  }
  const isThisOne = place.version === Number(room.dataset.version);
  if (isThisOne && isInView && app.isHere()) {
    point.mark(place);
    say("The place is marked in the app.");
  } else {
    point.hide();
    say(isThisOne ? "The place that you pointed at is kept." : `A place on test version ${place.version} is marked.`);
  }
}

// Without a point it is about the page that the person sees.
async function add(data) {
  picture.add(data);
  await asking;
  if (place) data.set("version", place.version);
  const meant = place || (app.isHere() ? await here() : null);
  if (!meant) return;
  const { version, ...told } = meant;
  data.set("place", JSON.stringify(told));
}

function done() {
  form.reset();
  picture.forget();
  remember(undefined);
}

function say(words) {
  find("[data-place-said]", row).textContent = words;
}
