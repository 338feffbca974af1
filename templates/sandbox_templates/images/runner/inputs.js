// The inputs of a Shiny page: which values they have, and how to give them those of another time. One expression, used
// by the frame's script in the page and by the checking browser alike. Pages without Shiny have no inputs.
(function () {
  "use strict";
  var MOST = 500; // inputs
  var LONGEST = 200; // characters of a name
  var ROOM = 40000; // bytes of all values together
  var DEEPEST = 4; // lists and tables inside of one another
  var TRIES = 3; // an app may insist on a value of its own
  var LOOK_EVERY = 100; // ms
  var CALM = 400; // ms without work after which nothing more will come
  var HOPE = 2000; // the same while something is missing: its part of the page may be on its way

  // What nobody else may see, by its type or its name
  var PRIVATE = /:shiny\.(password|file|fileupload)$/;
  var SECRET = /passw|pwd|secret/i;

  // What a widget says of what is chosen in it, and believes if it is told
  var SELECTIONS = /_(rows|columns|cells)_selected(:|$)|^plotly_selected/;

  function isObject(value) { return value !== null && typeof value === "object"; }

  function quietly(work, otherwise) {
    try { return work(); } catch (problem) { return otherwise; }
  }

  function session() {
    var app = window.Shiny && window.Shiny.shinyapp;
    return app && app.$socket && app.$socket.readyState === 1 && app.config ? app : null;
  }

  function isBusy() { return document.documentElement.classList.contains("shiny-busy"); }

  // By the name that the app's code has for it.
  function bound() {
    var found = {};
    if (!window.jQuery) return found;
    document.querySelectorAll(".shiny-bound-input").forEach(function (element) {
      quietly(function () {
        var binding = window.jQuery(element).data("shiny-input-binding");
        var name = binding && binding.getId(element);
        if (name) found[name] = { element: element, binding: binding, type: String(binding.getType(element) || "") };
      });
    });
    return found;
  }

  function plain(name) { return name.replace(/:[\w.]+$/, ""); }

  function isHidden(name, one) {
    var field = "input[type=password],input[type=file]";
    if (name.charAt(0) === "." || PRIVATE.test(name) || SECRET.test(name)) return true;
    return Boolean(one) && (one.element.matches(field) || one.element.querySelector(field) !== null);
  }

  // What the server knows of the page's inputs, without what is private; what does not fit is left out.
  function values() {
    var app = window.Shiny && window.Shiny.shinyapp;
    var now = app && app.$inputValues || {}, there = bound(), kept = {}, room = ROOM, count = 0;
    Object.keys(now).forEach(function (full) { quietly(function () { add(full); }); });
    return kept;

    function add(full) {
      var short = plain(full), name = there[short] || /:shiny\.\w+$/.test(full) ? short : full;
      if (isHidden(full, there[short]) || name.length > LONGEST || count >= MOST) return;
      var text = JSON.stringify(now[full]), size = new TextEncoder().encode(text + name).length;
      if (text === undefined || size > room || depth(now[full]) > DEEPEST) return;
      kept[name] = JSON.parse(text);
      room -= size;
      count += 1;
    }
  }

  function depth(value) {
    if (!isObject(value)) return 0;
    return 1 + Math.max.apply(null, [0].concat(Object.keys(value).map(function (key) { return depth(value[key]); })));
  }

  function same(one, other) {
    if (isEmpty(one) && isEmpty(other)) return true;
    if (typeof one === "number" && typeof other === "number") return Math.abs(one - other) <= 1e-9 * Math.max(1, Math.abs(one));
    if (Array.isArray(one) && Array.isArray(other)) {
      return one.length === other.length && one.every(function (part, index) { return same(part, other[index]); });
    }
    return isObject(one) || isObject(other) ? JSON.stringify(one) === JSON.stringify(other) : String(one) === String(other);
  }

  function isEmpty(value) { return value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length); }

  // Some take another form of their value than they give.
  function taken(one, value) {
    var kind = one.element.classList;
    if (kind.contains("shiny-date-range-input") && Array.isArray(value)) return { start: value[0], end: value[1] };
    if (one.type === "shiny.date" && kind.contains("js-range-slider")) return each(value, function (day) { return Date.parse(day + "T00:00:00Z"); });
    if (kind.contains("shiny-input-radiogroup") && value === null) return [];
    if (one.type === "shiny.datetime") return each(value, function (seconds) { return seconds * 1000; });
    return value;
  }

  function message(one, value) {
    if (one.element.classList.contains("bslib-accordion-input")) return { method: "set", values: value || [] };
    return { value: taken(one, value) };
  }

  function each(value, change) { return Array.isArray(value) ? value.map(change) : change(value); }

  function give(one, value, last) {
    var list = one.element.selectize;
    if (list && list.settings.load) quietly(function () { fetchChoices(list, value, last); });
    quietly(function () {
      if (one.element.localName === "bslib-input-dark-mode") one.element.mode = value;
      var going = one.binding.receiveMessage(one.element, message(one, value));
      if (going && going.then) going.then(null, function () {});
    });
    if (same(quietly(function () { return one.binding.getValue(one.element); }), value)) return;
    quietly(function () {
      one.binding.setValue(one.element, taken(one, value));
      window.jQuery(one.element).trigger("change");
    });
  }

  // A list whose choices are on the server has only those that were looked for.
  function fetchChoices(list, value, last) {
    [].concat(value).forEach(function (choice) {
      if (isEmpty(choice) || list.options[choice]) return;
      if (!last) return list.load(function (back) { list.settings.load.call(list, String(choice), back); });
      if (/[<>&"'`]/.test(choice)) return; // how the list shows it is the app's doing
      var option = {};
      option[list.settings.valueField] = option[list.settings.labelField] = choice;
      list.addOption(option);
    });
  }

  // Give these values, again when parts of the page come later, for `limit` ms at most and never against somebody who
  // begins to use the page. Promises the names of those that could not be set. No button is pressed.
  function restore(wanted, limit) {
    var names = isObject(wanted) ? Object.keys(wanted).slice(0, MOST) : [];
    var tries = {}, stopped = false;
    var STOPS = ["keydown", "pointerdown"];
    function stop(event) { stopped = stopped || event.isTrusted; }

    // What did not take its value at once may wait for what another one brings about.
    function settle(name, there, calm) {
      var value = wanted[name], one = there[plain(name)];
      if (isHidden(name, one)) return "left";
      if (one && one.type === "shiny.action") return value ? "left" : "is";
      if (!one) return settleLoose(name, value, calm);
      if (same(quietly(function () { return one.binding.getValue(one.element); }), value)) return "is";
      if ((tries[name] || 0) >= TRIES) return "left";
      if (tries[name] && !calm) return "missing";
      tries[name] = (tries[name] || 0) + 1;
      give(one, value, tries[name] === TRIES);
      return "set";
    }

    // No element has this name: a widget or the app's own script speaks for itself. What is only a selection it can be
    // told; anything else might be an order.
    function settleLoose(name, value, calm) {
      var now = window.Shiny.shinyapp.$inputValues;
      if (Object.prototype.hasOwnProperty.call(now, name) && same(now[name], value)) return "is";
      if (!SELECTIONS.test(name) && !(isObject(value) && value.brushId && value.outputId)) return "missing";
      if (!calm) return "missing";
      if ((tries[name] || 0) >= TRIES) return "left";
      tries[name] = (tries[name] || 0) + 1;
      window.Shiny.setInputValue(name, value);
      return "set";
    }

    return new Promise(function (done) {
      var began = Date.now(), calmSince = null, states = {};
      STOPS.forEach(function (name) { window.addEventListener(name, stop, true); });

      function end() {
        STOPS.forEach(function (name) { window.removeEventListener(name, stop, true); });
        done(names.filter(function (name) { return states[name] !== "is"; }));
      }

      function round() {
        if (!names.length || !window.Shiny || stopped || Date.now() - began > limit) return end();
        var app = session(), calm = calmSince === null ? 0 : Date.now() - calmSince;
        if (!app) calmSince = null;
        else {
          var there = bound();
          names.forEach(function (name) {
            states[name] = quietly(function () { return settle(name, there, calm >= CALM); }, "left");
          });
          var count = function (state) { return names.some(function (name) { return states[name] === state; }); };
          if (isBusy() || count("set")) calmSince = null;
          else if (calmSince === null) calmSince = Date.now();
          else if (calm > (count("missing") ? HOPE : CALM)) return end();
        }
        setTimeout(round, LOOK_EVERY);
      }

      round();
    });
  }

  // Many pages do not scroll themselves: their largest part does.
  function scroller() {
    var page = document.scrollingElement || document.documentElement;
    if (page.scrollHeight > window.innerHeight + 1 || page.scrollWidth > window.innerWidth + 1) return page;
    var best = page, area = 0;
    document.querySelectorAll("main,section,div,article").forEach(function (element) {
      var size = element.clientWidth * element.clientHeight;
      if (size <= area || element.scrollHeight <= element.clientHeight + 1) return;
      if (/auto|scroll/.test(getComputedStyle(element).overflowY)) { best = element; area = size; }
    });
    return best;
  }

  function scrollTo(x, y) {
    var part = scroller();
    part.scrollTo({ left: Number(x) || 0, top: Number(y) || 0, behavior: "instant" });
  }

  return { values: values, restore: restore, scroller: scroller, scrollTo: scrollTo };
})()
