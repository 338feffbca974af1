// News while the page is open. A page in the background hears nothing for a while, and catches up when it is looked at.

import { show } from "./parts.js";
import { room } from "./room.js";

const REST = 30000; // ms in the background
const NAMES = ["newer", "comments", "verdict", "over"];
const isOlder = new URL(location.href).searchParams.has("before");
let source = null;
let timer;

export function start() {
  open();
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(close, REST);
    else open();
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
}

function open() {
  if (source || room.dataset.over) return;
  source = new EventSource(`${room.dataset.base}/live?version=${room.dataset.version}`);
  NAMES.forEach((name) =>
    source.addEventListener(name, (event) => {
      // Somebody who reads older comments keeps them.
      if (name === "comments" && isOlder) return;
      show(name, event.data);
      if (name === "over") room.dataset.over = "yes";
    }),
  );
  source.addEventListener("end", close);
  // Refused, not only cut off: try again later, as after a restart of the server.
  source.addEventListener("error", () => {
    if (source?.readyState !== EventSource.CLOSED) return;
    close();
    timer = setTimeout(open, REST);
  });
}

function close() {
  source?.close();
  source = null;
}
