// Keys of the kiosk: a number pad, and scanners that type. A scanner types at least six letters faster than any hand and ends with Enter.
const FAST_MS = 60;
const SCAN = 6;
const DEEDS = { "*": "repeat", "/": "back", "-": "over", "+": "voice", Backspace: "erase", Escape: "over" };

export function listen(on) {
  let typed = "", timer;
  const flush = () => { const keys = typed; typed = ""; for (const key of keys) key >= "0" && key <= "9" ? on.digit(key) : on[DEEDS[key]]?.(); };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    on.any();
    if (event.key === "Enter") {
      clearTimeout(timer);
      const text = typed;
      if (text.length >= SCAN && !(on.typing() && /^\d+$/.test(text))) { typed = ""; event.preventDefault(); return on.scanned(text); }
      flush();
      if (on.typing()) { event.preventDefault(); on.enter(); }
      return; // else the button in focus is pressed
    }
    if (event.key === "Backspace" || event.key === "Escape") { event.preventDefault(); return on[DEEDS[event.key]](); }
    if (event.key.length !== 1 || event.key === " ") return;
    event.preventDefault();
    typed += event.key;
    clearTimeout(timer);
    timer = setTimeout(flush, FAST_MS);
  });
}
