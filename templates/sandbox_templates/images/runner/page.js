// In the head of every page of an app with sessions. It must never disturb the page: all that is ours is in here.
(function () {
  "use strict";
  var worker = "WORKER";
  var PING = 15000; // ms; proxies between cut connections that are silent for 60 s
  var LAST_MINUTE = 60; // seconds before an end in which a notice that was put away comes back
  var SOON = 5; // seconds around its time within which an end is the announced one
  var touched = false; // somebody did something here that a reload would lose
  var leaving = false;
  var failed = false;
  var notice = null; // what the platform says now
  var ticking = null;
  var panel = null;

  function safely(work) {
    return function (first) { // Shiny wants handlers that have one argument
      try { return work.apply(null, arguments); } catch (problem) { if (window.console) console.debug("sandbox:", problem); }
    };
  }

  ["keydown", "pointerdown", "input", "change"].forEach(function (name) {
    window.addEventListener(name, function (event) { touched = touched || event.isTrusted; }, true);
  });
  window.addEventListener("pagehide", function () { leaving = true; });
  window.addEventListener("pageshow", function () { leaving = false; });
  window.addEventListener("beforeunload", function () {
    leaving = true;
    setTimeout(function () { leaving = false; }, 5000); // the page may stay
  });
  document.addEventListener("DOMContentLoaded", safely(start));

  function start() {
    var shiny = window.Shiny;
    if (!shiny) return;
    if (worker && !shiny.createSocket) shiny.createSocket = open;
    if (shiny.addCustomMessageHandler) shiny.addCustomMessageHandler("sandbox.notice", safely(hear));
  }

  // The connection

  function address(scheme) {
    return location.origin.replace(/^http/, scheme) + location.pathname.replace(/\/?$/, "/websocket/") + "?w=" + worker;
  }

  function open() {
    var socket = new WebSocket(address("ws"));
    var pinging = null;
    socket.binaryType = "arraybuffer";
    socket.allowReconnect = true; // whether the app wants it is for the app to say
    socket.addEventListener("open", safely(function () {
      if (panel && panel.lost) close();
      pinging = setInterval(function () {
        if (socket.readyState === 1) socket.send(new Uint8Array([0x03, 0xe9])); // what Shiny takes for nothing
      }, PING);
      socket.addEventListener("close", safely(function () {
        clearInterval(pinging);
        if (!leaving) setTimeout(safely(function () { if (!leaving) lost(); }), 50); // after Shiny's own doing
      }));
    }));
    return socket;
  }

  function lost() {
    var app = window.Shiny && window.Shiny.shinyapp;
    var due = notice && notice.at !== null && left(notice) < SOON;
    clearInterval(ticking);
    if (due && notice.kind === "move") return move();
    if (due && notice.kind === "drain") return ended("This version was ended by its team. Reload to get the current one.", true);
    if (app && (app.$allowReconnect === true || app.$allowReconnect === "force")) return follow();
    if (failed) return ended("An error in the app ended this session. Reload to start again.", false);
    look();
  }

  function ended(words, mayReload) {
    if (mayReload && !touched) return again();
    show({ words: words, kind: "alert", reload: "Reload", lost: true });
  }

  // The page connects again by itself; that the instance is gone for good, only the platform knows.
  function follow() {
    ask(address("http"), safely(function (status) {
      if (status === 410) return await_return();
      var app = window.Shiny.shinyapp;
      if (app.$socket && app.$socket.readyState === 1) return;
      setTimeout(safely(follow), 3000);
    }));
  }

  function look() {
    ask(address("http"), safely(function (status) {
      if (status && status < 500 && status !== 410) return ended("This session has ended. Reload to start again.", false);
      await_return(status === 0 && navigator.onLine === false);
    }));
  }

  function await_return(offline) {
    var words = offline ? "The connection was lost. Trying again…" : "The app stopped unexpectedly. It is being started again…";
    var pause = 1000;
    show({ words: words, kind: "alert", lost: true, waiting: true });
    (function poll() {
      ask(location.href.replace(/#.*/, ""), safely(function (status, text) {
        if (status === 200 && text.indexOf("sandbox.notice") >= 0) {
          return ended(offline ? "The connection is back. Reload to start again." : "The app is back. Reload to start again.", true);
        }
        pause = Math.min(pause * 1.5, 15000);
        setTimeout(poll, pause * (0.75 + Math.random() / 2));
      }));
    })();
  }

  // Calls back with a status (0: nothing answers) and the answer's text.
  function ask(url, back) {
    fetch(url, { cache: "no-store", credentials: "same-origin", headers: { Accept: "text/html" } }).then(function (answer) {
      return answer.text().then(function (text) { back.call(null, answer.status, text); });
    }).catch(function () { back(0, ""); });
  }

  // Without anybody's work in it, and not again and again.
  function again() {
    var last = remembered("sandbox.reloaded", String(Date.now()));
    if (last === null || Date.now() - Number(last) < 60000) return show({ words: "The app is back. Reload to start again.", kind: "alert", reload: "Reload", lost: true });
    setTimeout(function () { location.reload(); }, Math.random() * 3000); // not all at once
  }

  // The tab's memory: what was kept under this name, "" for nothing, null if it has none; now it is `value`.
  function remembered(name, value) {
    try {
      var before = sessionStorage.getItem(name) || "";
      sessionStorage.setItem(name, value);
      return before;
    } catch (problem) { return null; }
  }

  // Notices

  function hear(said) {
    if (said.kind === "failed") { failed = true; return; }
    clearInterval(ticking);
    notice = said.kind === "none" ? null : {
      id: said.id, kind: said.kind, text: said.text, away: false,
      at: typeof said.left === "number" ? performance.now() / 1000 + said.left : null
    };
    if (!notice) return close();
    tell();
    if (notice.at !== null) ticking = setInterval(safely(tick), 500);
  }

  // Once: a page that is not led elsewhere would go round for ever.
  function move() {
    var last = remembered("sandbox.moved", notice.id);
    if (last !== null && last !== notice.id) return location.reload();
    show({ words: "Reload to get the current version of the app.", kind: "status", reload: "Reload" });
  }

  function left(one) { return one.at - performance.now() / 1000; }

  function tell() {
    var clock = notice.at === null ? "" : time(left(notice));
    var words = {
      drain: "This version of the app ends at " + clock + ". Please save your work, then reload to get the current one.",
      move: "This page moves to the current version of the app at " + clock + ". Please save your work.",
      update: "A new version of this app is available."
    }[notice.kind];
    show({
      words: notice.text || words, kind: notice.kind === "update" ? "status" : "alert", timer: notice.at !== null,
      reload: notice.kind === "update" ? "Reload" : "Reload now", dismiss: safely(function () { notice.away = true; close(); })
    });
    tick();
  }

  function tick() {
    if (!notice || notice.at === null) return;
    var seconds = Math.max(0, Math.ceil(left(notice)));
    if (notice.away && seconds <= LAST_MINUTE && seconds > 0) { notice.away = false; return tell(); }
    if (panel && panel.timer) panel.timer.textContent = span(seconds);
    if (seconds > 0) return;
    clearInterval(ticking);
    if (notice.kind === "move") move();
  }

  function time(seconds) {
    var how = { hour: "2-digit", minute: "2-digit" };
    if (seconds > 12 * 3600) how.weekday = "long";
    return new Date(Date.now() + seconds * 1000).toLocaleString([], how);
  }

  function span(seconds) {
    var minutes = Math.floor(seconds / 60), rest = ("0" + seconds % 60).slice(-2);
    return minutes < 60 ? minutes + ":" + rest : Math.floor(minutes / 60) + " h " + minutes % 60 + " min";
  }

  // What is shown: a panel in a tree of its own, so that neither the app's styles nor ours reach the other.

  var STYLE = ":host{all:initial}@media print{:host{display:none}}" +
    "div{position:fixed;z-index:2147483647;right:16px;bottom:16px;max-width:min(420px,calc(100vw - 32px));" +
    "box-sizing:border-box;padding:14px 16px;border-radius:10px;border:1px solid #c9ced6;background:#fff;color:#1c2330;" +
    "box-shadow:0 6px 24px rgba(15,23,42,.18);font:15px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}" +
    "p{margin:0}p+p{margin-top:10px;display:flex;gap:10px;align-items:center;flex-wrap:wrap}" +
    "b{font-weight:600;font-variant-numeric:tabular-nums;margin-right:auto}" +
    "button{font:inherit;padding:6px 14px;border-radius:7px;border:1px solid #c9ced6;background:transparent;color:inherit;cursor:pointer}" +
    "button.main{background:#1f5fae;border-color:#1f5fae;color:#fff}button:focus-visible{outline:3px solid #7db1ee;outline-offset:2px}" +
    "div.alert{border-left:5px solid #b45309}div.status{border-left:5px solid #1f5fae}" +
    "@media(max-width:480px){div{left:16px}}" +
    "@media(prefers-color-scheme:dark){div{background:#1d232d;color:#e8ecf2;border-color:#3b4453}button{border-color:#4a5568}" +
    "button.main{background:#8ab8f0;border-color:#8ab8f0;color:#10151d}}";

  function show(what) {
    close();
    var host = document.createElement("sandbox-notice");
    var tree = host.attachShadow({ mode: "open" });
    var box = add(tree, "div", "", what.kind);
    add(tree, "style", STYLE);
    box.setAttribute("role", what.kind);
    var timer = null, buttons = add(box, "p", ""), words = document.createElement("p");
    box.insertBefore(words, buttons);
    if (what.timer) {
      timer = add(buttons, "b", "");
      timer.setAttribute("role", "timer");
      timer.setAttribute("aria-live", "off");
    }
    if (what.reload) button(buttons, what.reload, "main", function () { location.reload(); });
    if (!what.waiting) button(buttons, what.reload === "Reload now" ? "Hide" : "Not now", "", what.dismiss || close);
    if (!buttons.firstChild) box.removeChild(buttons);
    document.documentElement.appendChild(host);
    panel = { host: host, timer: timer, lost: Boolean(what.lost) };
    setTimeout(function () { words.textContent = what.words; }, 0); // screen readers say what comes into a region that is there
  }

  function close() {
    if (panel) panel.host.remove();
    panel = null;
  }

  function button(parent, words, kind, act) {
    var one = add(parent, "button", words, kind);
    one.type = "button";
    one.addEventListener("click", safely(act));
  }

  function add(parent, name, text, kind) {
    var one = document.createElement(name);
    one.textContent = text;
    if (kind) one.className = kind;
    parent.appendChild(one);
    return one;
  }
})();
