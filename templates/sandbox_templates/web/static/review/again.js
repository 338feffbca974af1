// Scripts or styles that did not come (a network that changed at that moment) would leave the page without any of them: it
// is loaded again, a few times, later and later. Never once somebody has begun: every form works without scripts too.
(function () {
  "use strict";
  const BOX = "sandbox.again";
  const PAUSES = [0, 2000, 6000, 18000]; // ms
  const FORGET = 60000; // ms after which it is another trouble
  let planned = false;

  document.addEventListener("error", (event) => {
    if (planned || !event.target.matches("script, link[rel=stylesheet]")) return;
    planned = true;
    const tries = tried();
    if (tries < PAUSES.length) setTimeout(again, PAUSES[tries], tries + 1);
  }, true);

  function again(tries) {
    if (hasBegun() || !note(tries)) return;
    location.reload();
  }

  function tried() {
    try {
      const last = JSON.parse(sessionStorage.getItem(BOX)) || {};
      return Date.now() - last.at < FORGET ? last.tries : 0;
    } catch {
      return 0;
    }
  }

  // Without a memory no end could be told: then it stays as it is.
  function note(tries) {
    try {
      sessionStorage.setItem(BOX, JSON.stringify({ tries, at: Date.now() }));
      return true;
    } catch {
      return false;
    }
  }

  // In a form, or in the app, which a reload would begin anew.
  function hasBegun() {
    const active = document.activeElement;
    return Boolean(active && active !== document.body) || Array.from(document.querySelectorAll("input, textarea")).some(isFilledIn);
  }

  function isFilledIn(field) {
    if (field.type === "file") return field.files.length > 0;
    return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
  }
})();
