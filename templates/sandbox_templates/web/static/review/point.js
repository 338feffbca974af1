// Pointing at a place: with the mouse, a finger or the keyboard, on a sheet of our own above the app.

import { find } from "./room.js";

const sheet = document.getElementById("pointing");
const pin = document.getElementById("pin");
const STEP = 10; // pixels
let end = null;
let at = { x: 0, y: 0 };

// The place in the frame's pixels; null if the person gave it up.
export function pick() {
  if (end) end(null);
  const before = document.activeElement;
  hide();
  sheet.hidden = false;
  move(sheet.clientWidth / 2, sheet.clientHeight / 2);
  sheet.focus();
  return new Promise((done) => {
    end = (place) => {
      end = null;
      sheet.hidden = true;
      before?.focus();
      done(place);
    };
  });
}

export function mark({ x, y }) {
  put(pin, x, y);
  pin.removeAttribute("hidden");
}

export function hide() {
  pin?.setAttribute("hidden", "");
}

function move(x, y) {
  at = { x: clamp(x, sheet.clientWidth), y: clamp(y, sheet.clientHeight) };
  put(find(".pin", sheet), at.x, at.y);
  sheet.classList.toggle("high", at.y < sheet.clientHeight / 3);
}

const clamp = (value, most) => Math.round(Math.min(Math.max(value, 0), most));

function put(what, x, y) {
  what.style.left = `${x}px`;
  what.style.top = `${y}px`;
}

function keys(event) {
  const far = event.shiftKey ? STEP * 6 : STEP;
  const steps = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] };
  if (steps[event.key]) move(at.x + steps[event.key][0], at.y + steps[event.key][1]);
  else if (event.key === "Enter" || event.key === " ") end(at);
  else if (event.key === "Escape") end(null);
  else return;
  event.preventDefault();
}

sheet?.addEventListener("keydown", keys);
sheet?.addEventListener("pointermove", (event) => {
  // Within the words on the sheet it would be counted from their corner.
  if (event.target === sheet) move(event.offsetX, event.offsetY);
});
sheet?.addEventListener("click", (event) => {
  if (event.target.closest("[data-give-up]")) {
    end(null);
    return;
  }
  move(event.offsetX, event.offsetY);
  end(at);
});
