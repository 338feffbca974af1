// Gives the app in the frame the inputs of a comment, once it says hello. Whatever it answers is words to be shown.

(function () {
  "use strict";

  const frame = document.getElementById("app");
  const how = document.getElementById("how");
  const pin = document.getElementById("show-pin");
  const asked = JSON.parse(frame.dataset.restore);
  const id = Number(frame.dataset.id);
  const patience = setTimeout(() => say("The app says nothing yet. It may still start; it may also be a page that keeps no inputs."), 15000);
  const MOST = 500;

  function say(words) {
    how.textContent = words;
  }

  function restore(sessions) {
    clearTimeout(patience);
    const count = Object.keys(asked.inputs).length;
    if (!sessions && count) return say("This page has no inputs that could be set.");
    say(count ? "Setting " + count + (count === 1 ? " input…" : " inputs…") : "Going to the place…");
    frame.contentWindow.postMessage({ sandbox: "restore", id: id, ...asked }, frame.dataset.origin);
  }

  function tell(left) {
    const names = (Array.isArray(left) ? left : []).slice(0, MOST).map((name) => String(name).slice(0, 200));
    const count = Object.keys(asked.inputs).length;
    if (names.length) say("Could not be set: " + names.join(", ") + ". All else is as it was.");
    else say(count ? "All inputs are as they were." : "This is the place.");
  }

  // Any page may send messages; only the app in this frame, from its own host, is heard.
  window.addEventListener("message", function (event) {
    if (event.source !== frame.contentWindow || event.origin !== frame.dataset.origin) return;
    const said = event.data;
    if (said === null || typeof said !== "object") return;
    if (said.sandbox === "hello") restore(said.sessions === true);
    if (said.sandbox === "restored" && said.id === id) tell(said.left);
    if (said.sandbox === "state" && said.state === "lost") say("The app lost its connection.");
  });

  // It may have said hello before this script was there.
  window.addEventListener("load", () => frame.contentWindow.postMessage({ sandbox: "hello" }, frame.dataset.origin));

  // On a narrow screen the window is wider than its room: begin at the point.
  const ring = document.querySelector(".pin .ring");
  const room = frame.closest(".window");
  if (ring) {
    const at = ring.getBoundingClientRect();
    const from = room.getBoundingClientRect();
    room.scrollLeft += at.left + at.width / 2 - from.left - from.width / 2;
  }

  if (pin) pin.addEventListener("change", () => document.querySelector(".pin").classList.toggle("off", !pin.checked));
})();
