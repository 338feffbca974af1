// How far an app is that wakes; then its own page, at the address that was asked for.

(function () {
  "use strict";

  const bar = document.getElementById("share");
  const reload = () => location.reload();
  const source = new EventSource(bar.dataset.live);
  let lost = 0;

  source.addEventListener("state", function (event) {
    lost = 0;
    const said = JSON.parse(event.data);
    document.getElementById("words").textContent = said.words;
    document.getElementById("usual").textContent = said.usual;
    if (said.share === null) bar.removeAttribute("value");
    else bar.value = said.share;
  });
  ["up", "over"].forEach((name) => source.addEventListener(name, function () {
    source.close();
    reload();
  }));
  // The server went away meanwhile, or has nothing to tell: the page itself looks again.
  source.addEventListener("error", function () {
    if (source.readyState === EventSource.CLOSED || ++lost > 2) {
      source.close();
      setTimeout(reload, 500);
    }
  });
})();
