// Light, dark, or as the machine is: read before the first paint, changed by [data-theme-next].
const THEMES = ["auto", "light", "dark"];
const kept = () => { try { return localStorage.getItem("tamna-theme") || "auto"; } catch { return "auto"; } };
const show = (theme) => { if (theme === "auto") delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = theme; };
show(kept());
addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-theme-next]")) return;
  const next = THEMES[(THEMES.indexOf(kept()) + 1) % THEMES.length];
  try { localStorage.setItem("tamna-theme", next); } catch { /* private window: for this page only */ }
  show(next);
});
