// What the pages do beyond plain forms: polls that rest when nobody looks, ages that stay true, a word when the server is lost.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const MISSED = 3;
  const RED_AFTER = 60_000;
  const TIED = "\u00a0"; // a number and its unit stay on one line
  let paused = false;
  let missed = 0;
  let lastGood = Date.now();
  let shownAt = "";
  let rows = new Map();

  const isPoll = (event) => event.detail.elt === byId("live");
  const kept = (value) => {
    try {
      if (value === undefined) return localStorage.getItem("hub-paused") === "1";
      localStorage.setItem("hub-paused", value ? "1" : "0");
    } catch {
      return false;
    }
    return value;
  };

  function sign(state, shape, word) {
    const place = byId("live-sign");
    if (!place) return;
    const mark = place.querySelector(".shape");
    mark.className = `shape ${state}`;
    mark.textContent = shape;
    byId("live-word").textContent = word;
  }

  function showLive() {
    const region = byId("live");
    if (!region || !byId("live-sign")) return;
    if (!region.hasAttribute("hx-get")) return sign("good", "●", `as of ${shownAt}`);
    if (!window.htmx) return sign("late", "▲", `not live · ${shownAt}`); // its file did not reach this browser
    if (paused) return sign("wait", "◌", `paused · ${shownAt}`);
    const silent = Date.now() - lastGood;
    if (missed >= MISSED || silent > RED_AFTER) return;
    sign("good", "●", `live · ${shownAt}`);
  }

  function showStale() {
    const banner = byId("stale");
    const silent = Date.now() - lastGood;
    const lost = missed >= MISSED && !paused;
    banner.hidden = !lost;
    if (!lost) return;
    const red = silent > RED_AFTER;
    banner.className = `notice-bar ${red ? "bad" : "late"}`;
    const words = `The server has not answered for ${inWords(silent)}. What you see is from ${shownAt}. We keep trying.`;
    if (banner.textContent !== words) banner.textContent = words;
    sign(red ? "bad" : "late", red ? "■" : "▲", `lost · ${shownAt}`);
  }

  function answered(at) {
    missed = 0;
    lastGood = Date.now();
    if (at) shownAt = inZone(at);
    byId("stale").hidden = true;
    showLive();
  }

  function inZone(iso) {
    const { zone, at } = byId("live").dataset;
    const clock = new Date(iso).toLocaleTimeString("en-GB", { timeZone: zone });
    return `${clock} ${at.split(" ")[1]}`;
  }

  function inWords(ms) {
    const s = Math.max(0, Math.floor(ms / 1000));
    if (s < 60) return `${s}${TIED}s`;
    const min = Math.floor(s / 60);
    if (min < 60) return `${min}${TIED}min`;
    const h = Math.floor(min / 60);
    if (h < 24) return min % 60 ? `${h}${TIED}h${TIED}${min % 60}${TIED}min` : `${h}${TIED}h`;
    const days = Math.floor(h / 24);
    return `${days}${TIED}${days === 1 ? "day" : "days"}`;
  }

  function ages() {
    const now = Date.now() + skew;
    for (const time of document.querySelectorAll("time[data-age]")) {
      const gone = now - Date.parse(time.dateTime);
      const words = Math.abs(gone) < 1000 ? "now" : inWords(Math.abs(gone));
      const form = time.dataset.age;
      const text = words === "now" ? words : gone < 0 ? `in ${words}` : form === "ago" ? `${words} ago` : words;
      if (time.textContent !== text) time.textContent = text;
    }
  }
  let skew = 0;

  function remember() {
    rows = new Map();
    for (const row of document.querySelectorAll("#live [data-rev]")) rows.set(row.id, row.dataset.rev);
  }

  function highlight() {
    for (const row of document.querySelectorAll("#live [data-rev]")) {
      if (rows.size && row.id && rows.get(row.id) !== row.dataset.rev) row.classList.add("changed");
    }
  }

  function head() {
    const region = byId("live");
    if (!region) return;
    const { title, worst, said, at } = region.dataset;
    if (title) document.title = `${title} · Project88Hub Sync`;
    if (said && byId("follows-live")) byId("follows-live").textContent = said;
    const icon = `/favicon/${worst || "good"}.svg`;
    if (byId("favicon").getAttribute("href") !== icon) byId("favicon").setAttribute("href", icon);
    const status = byId("status");
    if (status && said && status.dataset.said !== said) {
      if (status.dataset.said !== undefined) status.textContent = said;
      status.dataset.said = said;
    }
    if (at) shownAt = at;
  }

  function refresh() {
    if (byId("live") && window.htmx) window.htmx.trigger(document.body, "refresh");
  }

  // A page that does not ask by itself is drawn again after a press on it.
  document.addEventListener("refresh", (event) => {
    const region = byId("live");
    if (!region?.dataset.again || event.target === document.body) return;
    window.htmx.ajax("GET", region.dataset.again, { source: region, target: region, swap: "outerHTML" });
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isPoll(event)) return;
    const asked = event.detail.requestConfig.triggeringEvent?.type === "refresh";
    if (document.hidden || (paused && !asked)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (isPoll(event)) remember();
  });
  document.addEventListener("htmx:afterSwap", () => {
    head();
    ages();
    highlight();
    showLive();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { xhr, successful, elt } = event.detail;
    if (xhr.status === 401) {
      if (!xhr.getResponseHeader("HX-Redirect")) location.assign("/sign-in");
      return;
    }
    if (elt.id === "live") {
      if (successful) answered(xhr.getResponseHeader("X-Live-At"));
      else missed += 1;
      showStale();
    } else if (!xhr.status || xhr.status >= 500) {
      const place = byId("said");
      const words = document.createElement("p");
      words.className = "bad";
      words.textContent = xhr.status
        ? "The server could not do that. Nothing was changed; try again in a minute."
        : "The server cannot be reached, so nothing was asked for. Try again when the connection is back.";
      place.replaceChildren(words);
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !paused) refresh();
  });

  function pauseButton() {
    const button = byId("pause");
    if (!button || !byId("live")?.hasAttribute("hx-get")) return;
    paused = kept();
    const show = () => {
      button.textContent = paused ? "Go on" : "Pause";
      button.setAttribute("aria-pressed", String(paused));
      button.setAttribute("aria-label", paused ? "Go on with live updates" : "Pause live updates");
      showLive();
      showStale();
    };
    button.hidden = false;
    button.addEventListener("click", () => {
      paused = !paused;
      kept(paused);
      missed = 0;
      lastGood = Date.now();
      show();
      if (!paused) refresh();
    });
    show();
  }

  function copyButtons() {
    for (const button of document.querySelectorAll("[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        const field = byId(button.dataset.copy);
        field.select();
        await navigator.clipboard?.writeText(field.value);
        button.textContent = "Copied";
      });
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    const served = Date.parse(byId("live")?.dataset.served || "");
    if (!Number.isNaN(served) && Math.abs(served - Date.now()) > 5000) skew = served - Date.now();
    head();
    pauseButton();
    copyButtons();
    showLive();
    ages();
    setInterval(() => {
      ages();
      showStale();
    }, 1000);
  });
})();
