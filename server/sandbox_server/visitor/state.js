// One look at the page: has a Shiny session come up, and does it rest? Run again and again until it does.
(waitFor) => {
  const FENCE = Symbol.for("sandbox.fence");
  const LIMIT = 500;
  const isVisible = (element) => element.getClientRects().length > 0;
  const app = window.Shiny && window.Shiny.shinyapp;
  const socket = app && app.$socket;
  const isUp = Boolean(socket && socket.readyState === 1 && app.config);

  // While a server function runs, nothing says that R is busy. R has one thread: once it answers this request,
  // which came after the session's first message, the server function has ended.
  if (isUp && window[FENCE] === undefined) {
    window[FENCE] = false;
    const worker = app.config.workerId ? `?w=${encodeURIComponent(app.config.workerId)}` : "";
    const passed = () => { window[FENCE] = true; };
    fetch(`session/${encodeURIComponent(app.config.sessionId)}/rest${worker}`).then(passed, passed);
  }

  const isWorking = document.documentElement.classList.contains("shiny-busy");
  const isBusy = isWorking || [...document.querySelectorAll(".recalculating")].some(isVisible);
  const errors = [...document.querySelectorAll(".shiny-output-error:not(.shiny-output-error-validation)")]
    .filter((element) => isVisible(element) && element.innerText.trim())
    .slice(0, 50)
    .map((element) => [(element.closest("[id]") || {}).id || "", element.innerText.trim().slice(0, LIMIT)]);
  const found = waitFor ? document.querySelector(waitFor) : null;

  return {
    document: performance.timeOrigin,
    hasShiny: Boolean(window.Shiny),
    isUp,
    wasUp: Boolean(app && app.config),
    isOver: document.getElementById("shiny-disconnected-overlay") !== null,
    isResting: waitFor ? Boolean(found && isVisible(found)) : window[FENCE] === true && !isBusy,
    isQuiet: !waitFor && window[FENCE] === true && !isWorking,
    errors,
  };
}
