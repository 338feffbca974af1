// In every page of a sandbox, never in a release's: says which version this is, and tells the review page that shows the
// app in a frame where its reader is. The app shares this page and could say all of it itself, so nothing here is secret
// and the review page believes nothing. It must never disturb the page: all that is ours is in here.
(function () {
  "use strict";
  var told = FACTS; // `control`: the origin of the review page; `deployment`
  var inputs = INPUTS;
  var MARK = Symbol.for("sandbox.frame");
  var RESTORE = 8000; // ms
  var LONGEST = 4000; // characters of an address
  var FOLDED = "sandbox.folded";
  var parent = window.parent;
  var restoring = null; // what is being restored
  var lastMoved = 0; // ms

  if (window[MARK]) return; // a piece of a page that a script put into this one
  window[MARK] = true;

  function safely(work) {
    return function () {
      try { return work.apply(null, arguments); } catch (problem) { if (window.console) console.debug("sandbox:", problem); }
    };
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", safely(start));
  else safely(start)();
  window.addEventListener("message", safely(hear));

  function start() {
    if (!isPartOfThisApp() && !/ SandboxVisit\/1$/.test(navigator.userAgent)) ribbon();
    if (parent === window) return;
    hello();
    window.addEventListener("scroll", safely(moved), { capture: true, passive: true });
    if (!window.jQuery) return;
    window.jQuery(document).on("shiny:connected", safely(function () { say({ sandbox: "state", state: "connected" }); }));
    window.jQuery(document).on("shiny:disconnected", safely(function () { say({ sandbox: "state", state: "lost" }); }));
  }

  // A frame within one of the app's own pages.
  function isPartOfThisApp() {
    try { return parent !== window && parent.location.origin === location.origin; } catch (problem) { return false; }
  }

  // What the review page asks

  function say(words) { parent.postMessage(words, told.control); }

  function hello() { say({ sandbox: "hello", deployment: told.deployment, sessions: Boolean(window.Shiny) }); }

  // Once in a while is enough: a mark above the page is taken away.
  function moved() {
    if (Date.now() - lastMoved < 200) return;
    lastMoved = Date.now();
    say({ sandbox: "moved" });
  }

  function hear(event) {
    if (parent === window || event.origin !== told.control || event.source !== parent) return;
    var asked = event.data;
    if (asked === null || typeof asked !== "object") return;
    if (asked.sandbox === "hello") hello();
    if (asked.sandbox === "where") say(place(asked.id));
    if (asked.sandbox === "restore") restore(asked);
  }

  function place(id) {
    var part = inputs.scroller(), values = {};
    try { values = inputs.values(); } catch (problem) { if (window.console) console.debug("sandbox:", problem); }
    return {
      sandbox: "place", id: id, url: address().slice(0, LONGEST),
      width: window.innerWidth, height: window.innerHeight, scroll_x: part.scrollLeft, scroll_y: part.scrollTop,
      inputs: values
    };
  }

  // Within this host, whatever the app's own script made of it.
  function address() {
    var all = location.pathname + location.search + location.hash;
    return all.replace(/^\/*/, "/").replace(/[\\\s]/g, encodeURIComponent);
  }

  function restore(asked) {
    if (restoring !== null && restoring.id === asked.id) return; // asked again by somebody who heard two hellos
    restoring = asked;
    inputs.restore(asked.inputs, RESTORE).then(safely(function (left) {
      if (restoring !== asked) return; // asked for something else meanwhile
      restoring = null;
      inputs.scrollTo(asked.scroll_x, asked.scroll_y);
      say({ sandbox: "restored", id: asked.id, left: left });
    }));
  }

  // The ribbon: in a tree of its own, so that neither the app's styles nor ours reach the other. Notices lie above it.

  var STYLE = ":host{all:initial}@media print{:host{display:none}}" +
    "button{position:fixed;z-index:2147483646;left:0;bottom:14px;margin:0;padding:3px 10px 3px 8px;cursor:pointer;" +
    "border:1px solid #8a94a3;border-left:4px solid #b45309;border-radius:0 7px 7px 0;background:#fff;color:#1c2330;opacity:.92;" +
    "font:600 12px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;box-shadow:0 1px 4px rgba(15,23,42,.2)}" +
    "button[aria-expanded=false]{left:6px;width:24px;height:24px;padding:0;border:0;background:transparent;box-shadow:none}" +
    "button[aria-expanded=false]::before{content:'';display:block;box-sizing:border-box;width:12px;height:12px;margin:6px;" +
    "border-radius:50%;border:2px solid #fff;background:#b45309;box-shadow:0 0 0 1px #6b7280}" +
    "button:hover{opacity:1}button:focus-visible{outline:3px solid #7db1ee;outline-offset:2px}" +
    "@media(prefers-color-scheme:dark){button{background:#1d232d;color:#e8ecf2;border-color:#5b6675;border-left-color:#e0a458}" +
    "button[aria-expanded=false]::before{background:#e0a458}}";

  function ribbon() {
    var words = "test version " + told.deployment;
    var host = document.createElement("sandbox-ribbon");
    var tree = host.attachShadow({ mode: "open" });
    var tab = document.createElement("button");
    tab.type = "button";
    dress(tree);
    tree.appendChild(tab);
    show(remembered() === "yes");
    tab.addEventListener("click", safely(function () {
      var folded = tab.getAttribute("aria-expanded") === "true";
      remember(folded ? "yes" : "no");
      show(folded);
    }));
    document.documentElement.appendChild(host);

    function show(folded) {
      tab.setAttribute("aria-expanded", String(!folded));
      tab.setAttribute("aria-label", words);
      tab.title = folded ? words : "Fold";
      tab.textContent = folded ? "" : words;
    }
  }

  // Also where the page's own rules allow no style that is not in a file of its own.
  function dress(tree) {
    if (tree.adoptedStyleSheets && window.CSSStyleSheet && CSSStyleSheet.prototype.replaceSync) {
      var sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      tree.adoptedStyleSheets = [sheet];
      return;
    }
    var style = document.createElement("style");
    style.textContent = STYLE;
    tree.appendChild(style);
  }

  // For this tab; where a browser keeps nothing for pages in a frame, until the page is left.
  function remembered() {
    try { return sessionStorage.getItem(FOLDED) || ""; } catch (problem) { return ""; }
  }

  function remember(value) {
    try { sessionStorage.setItem(FOLDED, value); } catch (problem) { return; }
  }
})();
