// The turn on the phone, asked again every quarter of a minute while the page is looked at; without a line it says so and keeps what it has.
const turns = document.getElementById("turns");
const EVERY_MS = 15_000;

async function ask() {
  if (document.hidden) return;
  try {
    const answer = await fetch("/lobby/me/turn", { cache: "no-store" });
    if (answer.status === 403) return location.reload();
    if (!answer.ok) throw new Error();
    const words = await answer.text();
    if (turns.dataset.shown !== words) { turns.innerHTML = words; turns.dataset.shown = words; }
  } catch {
    if (!turns.querySelector(".away")) { const away = document.createElement("p"); away.className = "away"; away.textContent = turns.dataset.away; turns.prepend(away); }
  }
}

setInterval(ask, EVERY_MS);
document.addEventListener("visibilitychange", ask);
navigator.serviceWorker?.register("/lobby/me/worker.js", { scope: "/lobby/me" });
