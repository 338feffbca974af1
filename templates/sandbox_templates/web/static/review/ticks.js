// Steps that were tried. What was tried on another version is said, and has to be tried again: ticks go with the verdict.

import { draft, keep } from "./drafts.js";
import { all, find, room } from "./room.js";

const version = Number(room.dataset.version);
const boxes = all("[data-tick]");

export function start() {
  const ticked = draft("ticks") || {};
  boxes.forEach((box) => {
    const on = ticked[box.dataset.tick];
    box.checked = on === version;
    say(box, on);
    box.addEventListener("change", () => tick(box));
  });
  count();
}

function tick(box) {
  const ticked = draft("ticks") || {};
  if (box.checked) ticked[box.dataset.tick] = version;
  else delete ticked[box.dataset.tick];
  keep("ticks", ticked);
  say(box, ticked[box.dataset.tick]);
  count();
}

function say(box, on) {
  find("[data-ticked-on]", box.parentElement).textContent = on && on !== version ? `(you tried it on test version ${on})` : "";
}

function count() {
  const place = find("[data-ticked]");
  if (place) place.textContent = `${boxes.filter((box) => box.checked).length} of ${boxes.length} done.`;
}
