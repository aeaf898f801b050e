// Parts marked `data-live="MILLISECONDS"` are fetched again from their own page and replaced, for as long as the page still marks them.
// Everything works without this file: a page is then loaded again by hand, or by its own refresh.
"use strict";
(() => {
  const look = async (part) => {
    const wait = Number(part.dataset.live);
    await new Promise((done) => setTimeout(done, wait));
    if (document.hidden || part.contains(document.activeElement) && part.matches(":focus-within") && part.dataset.keep) return look(part);
    let fresh;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin" });
      if (!answer.ok) return;
      fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
    } catch {
      return look(part);
    }
    if (!fresh) return;
    if (fresh.innerHTML !== part.innerHTML) part.innerHTML = fresh.innerHTML;
    if (fresh.dataset.live) look(part);
  };
  for (const part of document.querySelectorAll("[data-live][id]")) look(part);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, textarea, select") && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const box = document.getElementById("q");
      if (box) { event.preventDefault(); box.focus(); }
    }
  });
})();
