// Swaps the page's content for a fresh one every 15 seconds, without losing the place, and says how old
// the page is. When no new one comes, the banner turns grey. Without this script the page reloads itself.
(function () {
  "use strict";
  var EVERY = 15, LATE = 30;
  var got = Date.now(), tried = got, busy = false, failure = "";

  // Somebody who types, or walks the page's buttons by keys, is not to lose what he holds.
  function held() {
    var at = document.activeElement;
    return at && /INPUT|SELECT|BUTTON/.test(at.tagName) && at.closest("main");
  }

  function swap(text) {
    var page = new DOMParser().parseFromString(text, "text/html");
    document.querySelectorAll("details[id][open]").forEach(function (one) {
      var next = page.getElementById(one.id);
      if (next) { next.open = true; }
    });
    ["header.banner", "nav", "main"].forEach(function (part) {
      var now = document.querySelector(part), next = page.querySelector(part);
      if (now && next) { now.replaceWith(next); }
    });
    document.title = page.title;
    var icon = document.querySelector("link[rel=icon]"), mark = page.querySelector("link[rel=icon]");
    if (icon && mark) { icon.href = mark.href; }
    got = Date.now();
    failure = "";
  }

  function ask() {
    busy = true;
    tried = Date.now();
    var stop = new AbortController(), timer = setTimeout(function () { stop.abort(); }, 10000);
    fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store", signal: stop.signal })
      .then(function (answer) {
        if (!answer.ok) { throw new Error("HTTP " + answer.status); }
        return answer.text();
      })
      .then(function (text) { if (!held()) { swap(text); } })
      .catch(function (why) { failure = /^HTTP/.test(why.message) ? why.message : "no answer"; })
      .finally(function () { clearTimeout(timer); busy = false; });
  }

  function tick() {
    if (!busy && !document.hidden && !held() && Date.now() - tried >= EVERY * 1000) { ask(); }
    var age = Math.round((Date.now() - got) / 1000), late = age >= LATE;
    var mark = document.getElementById("age"), banner = document.querySelector("header.banner");
    if (mark) {
      mark.textContent = (late ? "page is " : "") + age + " s old" + (failure ? ", " + failure + ", trying again" : late ? "" : ", renewed every " + EVERY + " s");
    }
    if (banner) { banner.classList.toggle("old", late); }
  }
  document.addEventListener("visibilitychange", tick);
  tick();
  setInterval(tick, 1000);
})();
