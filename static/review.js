// Keys for the review page on a desk: j and k from card to card, w it is right, h hold, / search. Everything works without them.
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
