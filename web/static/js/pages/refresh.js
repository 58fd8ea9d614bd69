// @ts-check
// Keep marked parts of a page fresh: the page is fetched again and each element with
// data-refresh="seconds" is exchanged for its new self, unless someone is using it.

/** @param {Element} part */
function busy(part) {
  if (part.contains(document.activeElement)) return true;
  return [...part.querySelectorAll("video")].some((video) => !video.paused || video.currentTime > 0);
}

/**
 * Fetch this page and exchange the parts named by `ids`.
 * @param {string[]} ids
 * @returns {Promise<void>}
 */
export async function refresh(ids) {
  const answer = await fetch(location.href, { headers: { "X-Refresh": "1" }, redirect: "error" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ids) {
    const old = document.getElementById(id);
    const now = fresh.getElementById(id);
    if (old && now && !busy(old) && old.outerHTML !== now.outerHTML) {
      old.replaceWith(document.adoptNode(now));
    }
  }
}

function start() {
  /** @type {Map<number, string[]>} */
  const groups = new Map();
  for (const part of document.querySelectorAll("[data-refresh][id]")) {
    const seconds = Number(part.getAttribute("data-refresh"));
    groups.set(seconds, [...(groups.get(seconds) ?? []), part.id]);
  }
  for (const [seconds, ids] of groups) {
    setInterval(() => {
      if (document.visibilityState !== "visible") return;
      refresh(ids).catch(() => undefined); // the network is away: the next turn tries again
    }, seconds * 1000);
  }
}

start();
