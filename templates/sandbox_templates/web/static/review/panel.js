// How much room the review has beside the app, or below it on a phone; remembered in this browser.

import { find, room } from "./room.js";

const BOX = "sandbox-review-room";
const LEAST = 20;
const MOST = 70;
const divider = document.getElementById("divider");
const fold = find("[data-fold]");
const narrow = matchMedia("(max-width: 860px)");

export function start() {
  fold.hidden = false;
  divider.hidden = false;
  fold.addEventListener("click", () => setFolded(!isFolded()));
  divider.addEventListener("keydown", keys);
  divider.addEventListener("pointerdown", drag);
  divider.addEventListener("dblclick", () => resize(usual()));
  narrow.addEventListener("change", lay);
  // A link to a part of it must find it open.
  find(".skip-link").addEventListener("click", unfold);
  // What was opened at the lower edge would be out of sight. This event does not bubble.
  document.addEventListener("toggle", (event) => event.target.open && event.target.scrollIntoView({ block: "nearest" }), true);
  lay();
}

export const unfold = () => setFolded(false);

function lay() {
  divider.setAttribute("aria-orientation", narrow.matches ? "horizontal" : "vertical");
  resize(kept()[side()] || usual(), false);
  setFolded(Boolean(kept().folded), false);
}

const side = () => (narrow.matches ? "below" : "beside");
const usual = () => (narrow.matches ? 52 : 32);
const isFolded = () => room.dataset.folded === "yes";

function setFolded(is, save = true) {
  room.dataset.folded = is ? "yes" : "no";
  fold.setAttribute("aria-expanded", String(!is));
  find("span", fold).textContent = is ? "Show the review" : "Hide the review";
  if (save) keep({ folded: is });
}

function resize(share, save = true) {
  const size = Math.round(Math.min(Math.max(share, LEAST), MOST));
  room.style.setProperty("--side", `${size}%`);
  divider.setAttribute("aria-valuenow", String(size));
  if (save) keep({ [side()]: size });
}

function keys(event) {
  const more = narrow.matches ? "ArrowUp" : "ArrowLeft";
  const less = narrow.matches ? "ArrowDown" : "ArrowRight";
  const now = Number(divider.getAttribute("aria-valuenow"));
  const wanted = { [more]: now + 4, [less]: now - 4, Home: LEAST, End: MOST, Enter: usual() }[event.key];
  if (wanted === undefined) return;
  event.preventDefault();
  resize(wanted);
}

function drag(event) {
  event.preventDefault();
  divider.setPointerCapture(event.pointerId);
  room.classList.add("sizing");
  const floor = divider.parentElement.getBoundingClientRect();
  const move = ({ clientX, clientY }) =>
    resize(narrow.matches ? (100 * (floor.bottom - clientY)) / floor.height : (100 * (floor.right - clientX)) / floor.width);
  const up = () => {
    room.classList.remove("sizing");
    divider.removeEventListener("pointermove", move);
  };
  divider.addEventListener("pointermove", move);
  divider.addEventListener("lostpointercapture", up, { once: true });
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(BOX)) || {};
  } catch {
    return {};
  }
}

function keep(values) {
  try {
    localStorage.setItem(BOX, JSON.stringify({ ...kept(), ...values }));
  } catch {
    // Then it lasts as long as the page.
  }
}
