// Small things that HTML cannot do. Every page works without them.

(function () {
  "use strict";

  // What a person opened stays open when the server sends the fragment anew.
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = function (name, node) {
    return !(name === "open" && node.tagName === "DETAILS");
  };

  // A browser allows six connections to a host: tabs in the background give theirs back.
  const sources = new Set();
  let closed = false;
  let timer;

  const last = new Map();

  // After a lost connection a log goes on where it was.
  htmx.createEventSource = function (url) {
    const from = last.has(url) ? "&after=" + encodeURIComponent(last.get(url)) : "";
    const source = new EventSource(url + from);
    source.addEventListener("lines", (event) => last.set(url, event.lastEventId));
    sources.add(source);
    return source;
  };

  document.addEventListener("visibilitychange", function () {
    clearTimeout(timer);
    // What somebody decides on is never loaded anew behind their back.
    if (document.querySelector("[data-stays]")) return;
    if (document.hidden) {
      timer = setTimeout(closeAll, 30000);
    } else if (closed) {
      location.reload();
    }
  });

  window.addEventListener("pagehide", closeAll);
  window.addEventListener("pageshow", function (event) {
    if (event.persisted && closed) location.reload();
  });

  function closeAll() {
    closed ||= Array.from(sources).some((source) => source.readyState !== EventSource.CLOSED);
    sources.forEach((source) => source.close());
  }

  // A log follows its end until the person scrolls up.
  function toEnd(log) {
    log.scrollTop = log.scrollHeight;
  }

  function follow(log) {
    let following = true;
    log.addEventListener("scroll", function () {
      following = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    });
    new MutationObserver(function () {
      if (following) toEnd(log);
    }).observe(log, { childList: true });
    toEnd(log);
  }

  document.querySelectorAll(".log").forEach(follow);

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    navigator.clipboard.writeText(button.dataset.copy).then(() => copied(button), () => select(button));
  });

  // For a while the button says so; whoever hears the page is told by a line of its own.
  function copied(button) {
    if (button.dataset.copied) return;
    const before = Array.from(button.childNodes);
    button.dataset.copied = "yes";
    button.textContent = "Copied";
    told.textContent = "Copied";
    setTimeout(function () {
      delete button.dataset.copied;
      told.textContent = "";
      if (button.textContent === "Copied") button.replaceChildren(...before);
    }, 2500);
  }

  // Where a browser lets nobody copy, what was meant is marked: the keys for it work.
  function select(button) {
    const text = button.parentElement.querySelector("code");
    if (text) getSelection().selectAllChildren(text);
  }

  const told = document.createElement("p");
  told.className = "hidden-text";
  told.setAttribute("role", "status");
  document.body.append(told);

  // A table that is searched while one types, and sorted by its columns.
  function rowsOf(table) {
    return Array.from(table.tBodies[0].rows);
  }

  function find(input) {
    const rows = rowsOf(document.getElementById(input.dataset.find));
    const wanted = input.value.trim().toLowerCase();
    rows.forEach((row) => { row.hidden = !row.textContent.toLowerCase().includes(wanted); });
    const shown = rows.filter((row) => !row.hidden).length;
    input.parentElement.querySelector("[data-found]").textContent = wanted ? shown + " of " + rows.length : "";
  }

  function sortBy(button) {
    const column = Number(button.dataset.sort);
    const heads = button.closest("tr").cells;
    const table = button.closest("table");
    const order = heads[column].getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    Array.from(heads).forEach((head) => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", order);
    const text = (row) => row.cells[column].textContent.trim();
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    const rows = rowsOf(table).sort(function (a, b) {
      // Empty cells come last, whichever way.
      if (!text(a) || !text(b)) return (text(a) ? 0 : 1) - (text(b) ? 0 : 1);
      return compare(text(a), text(b)) * (order === "ascending" ? 1 : -1);
    });
    table.tBodies[0].append(...rows);
  }

  document.querySelectorAll(".finder").forEach((finder) => { finder.hidden = false; });
  document.querySelectorAll("[data-find]").forEach(function (input) {
    input.addEventListener("input", () => find(input));
    find(input);
  });
  document.querySelectorAll("[data-sort]").forEach(function (button) {
    button.addEventListener("click", () => sortBy(button));
  });

  // A second click must not send the same request twice.
  document.addEventListener("submit", function (event) {
    const button = event.target.querySelector("button[type=submit]");
    if (button) setTimeout(() => { button.disabled = true; });
  });
})();
