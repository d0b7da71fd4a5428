// Swaps the page's content for a fresh one every 15 seconds, without losing the place; and says when it can't.
// Without this script the page reloads itself.
(function () {
  "use strict";
  var got = Date.now();
  var busy = false;
  function tick() {
    var typing = document.activeElement && /INPUT|SELECT/.test(document.activeElement.tagName);
    if (!busy && !typing && !document.hidden && Date.now() - got > 14000) {
      busy = true;
      fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" })
        .then(function (answer) { if (!answer.ok) { throw new Error(String(answer.status)); } return answer.text(); })
        .then(function (text) {
          var page = new DOMParser().parseFromString(text, "text/html");
          ["header.banner", "main"].forEach(function (part) {
            var now = document.querySelector(part), next = page.querySelector(part);
            if (now && next) { now.replaceWith(next); }
          });
          document.title = page.title;
          got = Date.now();
        })
        .catch(function () { })
        .finally(function () { busy = false; });
    }
    var age = Math.round((Date.now() - got) / 1000), mark = document.getElementById("age");
    if (mark && age > 30) {
      mark.textContent = "this page is " + age + " s old";
      document.querySelector("header.banner").classList.add("old");
    }
  }
  setInterval(tick, 1000);
})();
