// Parts marked `data-live="MILLISECONDS"` are fetched again from their own page and replaced, for as long as the page still marks them.
// Everything works without this file: a page is then loaded again by hand, or by its own refresh.
"use strict";
(() => {
  const parts = () => [...document.querySelectorAll("[data-live][id]")];
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  const fetched = async () => {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  const renew = (part, page) => {
    const fresh = page.getElementById(part.id);
    if (!fresh) return part.remove();
    // What somebody is in, or has opened, is not taken from under them.
    if (part.contains(document.activeElement) || part.querySelector("details[open]")) return;
    if (fresh.innerHTML !== part.innerHTML) part.innerHTML = fresh.innerHTML;
    if (fresh.dataset.live) part.dataset.live = fresh.dataset.live;
    else delete part.dataset.live;
  };

  const follow = async () => {
    for (let live = parts(); live.length; live = parts()) {
      await pause(Math.min(...live.map((part) => Number(part.dataset.live))));
      if (document.hidden) continue;
      try {
        const page = await fetched();
        for (const part of live) renew(part, page);
        delete document.body.dataset.stale;
      } catch {
        // Said on the page by the style sheet: what is shown may be old.
        document.body.dataset.stale = "yes";
      }
    }
  };
  follow();

  document.addEventListener("keydown", (event) => {
    const box = document.getElementById("q");
    const isTyping = event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey;
    if (event.key === "/" && box && !isTyping) {
      event.preventDefault();
      box.focus();
    }
  });
})();
