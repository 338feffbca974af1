// A part that did not come (a network that changed at that moment) would leave the page without any of them: once more.
document.addEventListener("error", (event) => {
  if (event.target.tagName !== "SCRIPT") return;
  try {
    const last = Number(sessionStorage.getItem("sandbox.again"));
    if (Date.now() - last < 60000) return;
    sessionStorage.setItem("sandbox.again", String(Date.now()));
    location.reload();
  } catch { /* No memory, so no end could be told: every form works without scripts too. */ }
}, true);
