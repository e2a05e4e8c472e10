// Keys for the review page on a desk: j and k from card to card, w it is right, h hold, / search. Without a connection nothing can
// be pressed: a word is never kept for later. Everything works without this file.
"use strict";
(() => {
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
  let at = -1;

  function point(step) {
    const cards = [...document.querySelectorAll("[data-card]")];
    if (!cards.length) return;
    cards[at]?.classList.remove("pointed");
    at = Math.min(Math.max(at + step, 0), cards.length - 1);
    cards[at].classList.add("pointed");
    cards[at].scrollIntoView({ block: "center" });
  }

  function open(key) {
    const card = document.querySelectorAll("[data-card]")[Math.max(at, 0)];
    const summary = card?.querySelector(`summary[data-key="${key}"]`);
    if (!summary) return;
    summary.parentElement.open = true;
    summary.parentElement.querySelector("input[type=radio], textarea")?.focus();
  }

  function line() {
    const gone = !navigator.onLine;
    for (const button of document.querySelectorAll(".review button[type=submit]")) button.disabled = gone;
    for (const link of document.querySelectorAll(".bar a.main")) {
      link.classList.toggle("busy", gone);
      link.setAttribute("aria-disabled", String(gone));
    }
    const said = document.getElementById("said");
    said?.querySelector("[data-offline]")?.remove();
    if (!gone || !said) return;
    const words = document.createElement("p");
    words.className = "bad";
    words.dataset.offline = "";
    words.textContent = "This device is offline. What you see is as old as it says; nothing can be pressed until the connection is back.";
    said.prepend(words);
  }

  window.addEventListener("online", line);
  window.addEventListener("offline", line);
  document.addEventListener("DOMContentLoaded", line);
  document.addEventListener("click", (event) => {
    if (event.target.closest("a[aria-disabled=true]")) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const act = {
      j: () => point(1),
      k: () => point(-1),
      w: () => open("w"),
      h: () => open("h"),
      "/": () => document.getElementById("find-link")?.click(),
      Escape: () => location.hash && location.replace("#main"),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
})();
