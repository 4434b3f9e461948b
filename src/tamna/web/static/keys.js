// Hands on the keyboard: "/" to search, "?" for the keys of this page, "m" for the menu, Esc to close, arrows and Enter in
// lists marked data-keys, letters marked data-key (in the chosen row first, then on the page).
// Also the few things a page cannot say in HTML alone: toasts that leave, dialogs on older browsers, "select all".

const typing = (element) => element.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const idle = (element) => element === document.body || element.matches?.("main");
const drawer = () => document.getElementById("drawer");
const rowsOf = (table) => [...table.tBodies[0].rows].filter((row) => row.offsetParent);
let opener = null;

function closeDrawer() {
  if (!drawer()?.childElementCount) return false;
  drawer().replaceChildren();
  const back = opener?.isConnected ? opener : document.querySelector(`a[href="${CSS.escape(opener?.getAttribute("href") ?? "")}"]`);
  (back ?? document.getElementById("main"))?.focus(); // a live page may have drawn the opener anew
  opener = null;
  return true;
}

function choose(row) {
  for (const other of row.parentElement.children) {
    other.toggleAttribute("data-selected", other === row);
    other.tabIndex = other === row ? 0 : -1;
  }
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function prepare(root) {
  for (const table of root.querySelectorAll?.("table[data-keys]") ?? []) {
    const rows = [...table.tBodies[0].rows];
    const first = rows.find((row) => row.hasAttribute("data-selected")) ?? rows[0];
    for (const row of rows) row.tabIndex = row === first ? 0 : -1;
  }
  for (const toast of root.querySelectorAll?.('[data-toast="leaves"]:not([data-timed])') ?? []) {
    toast.dataset.timed = "";
    const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
    setTimeout(leave, 7000);
  }
}

function inList(event) {
  const row = event.target.closest?.("table[data-keys] tbody tr");
  if (!row || typing(event.target)) return false;
  const rows = rowsOf(row.closest("table"));
  const at = rows.indexOf(row);
  const next = { ArrowDown: rows[at + 1], ArrowUp: rows[at - 1], Home: rows[0], End: rows.at(-1) }[event.key];
  if (next) return choose(next), true;
  if (event.key === "Enter" && event.target === row) return row.querySelector("[data-primary]")?.click(), true;
  if (event.key === " " && event.target === row && row.querySelector("[data-select]")) return row.querySelector("[data-select]").click(), true;
  return false;
}

// Arrow down from nowhere, or from a search field above a list, goes into the list of the page.
function toList(event) {
  if (event.key !== "ArrowDown") return false;
  const field = event.target.matches?.("input[type=text], input[type=search]") && !event.target.closest("[data-search], dialog");
  if (!field && !idle(event.target)) return false;
  const table = [...document.querySelectorAll("main table[data-keys]")].find((one) => rowsOf(one).length);
  if (!table) return false;
  const rows = rowsOf(table);
  return choose(rows.find((row) => row.tabIndex === 0) ?? rows[0]), true;
}

function inMenu(event) {
  const menu = event.target.closest?.(".menu");
  if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return false;
  const stops = [...menu.querySelectorAll("a")];
  const at = stops.indexOf(event.target);
  const next = { ArrowDown: stops[at + 1], ArrowUp: stops[at - 1], Home: stops[0], End: stops.at(-1) }[event.key];
  return next ? (next.focus(), true) : true;
}

function toMenu() {
  const menu = document.getElementById("menu");
  if (!menu) return false;
  if (!menu.offsetParent) menu.showPopover?.();
  (menu.querySelector("[aria-current]") ?? menu.querySelector("a"))?.focus();
  return true;
}

function inResults(event) {
  const box = event.target.closest?.("[data-search]");
  if (!box || !["ArrowDown", "ArrowUp"].includes(event.key)) return false;
  const stops = [box.querySelector("input"), ...box.querySelectorAll(".found a")];
  const next = stops[stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
  return next ? (next.focus(), true) : false;
}

const usable = (one) => one.offsetParent && !one.disabled;

// The element a key presses: in the row the hand is on, then anywhere outside rows.
function pressedBy(key, target) {
  const is = (one) => one.dataset.key.toLowerCase() === key.toLowerCase() && usable(one);
  const row = target.closest?.("table[data-keys] tbody tr") ?? document.querySelector("main tr[data-selected]");
  const inRow = row && [...row.querySelectorAll("[data-key]")].find(is);
  return inRow || [...document.querySelectorAll("[data-key]")].find((one) => !one.closest("table[data-keys]") && is(one));
}

// The sheet of keys: those of every page are in the template; those of this page are read from it.
function showKeys() {
  const sheet = document.getElementById("keys");
  if (!sheet) return false;
  const here = sheet.querySelector("[data-keys-here]");
  const known = new Map();
  for (const one of document.querySelectorAll("[data-key]")) {
    if (one.closest("dialog") || !usable(one) || known.has(one.dataset.key)) continue;
    const words = one.cloneNode(true);
    words.querySelectorAll("kbd, svg, b").forEach((part) => part.remove());
    known.set(one.dataset.key, words.textContent.trim());
  }
  here.replaceChildren(...[...known].flatMap(([key, words]) => {
    const term = document.createElement("dt"), text = document.createElement("dd"), cap = document.createElement("kbd");
    cap.textContent = key;
    term.append(cap);
    text.textContent = words;
    return [term, text];
  }));
  sheet.querySelector("[data-keys-some]").hidden = !known.size;
  sheet.showModal();
  return true;
}

addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const asked = document.querySelector("dialog[open]");
  if (!asked && (inList(event) || inResults(event) || inMenu(event) || toList(event))) return event.preventDefault();
  if (event.key === "Escape") {
    if (asked) return;
    if (event.target.closest?.("[data-search]")) return event.target.blur();
    const popup = document.querySelector("details.popup[open]");
    if (popup) { popup.open = false; return popup.querySelector("summary").focus(); }
    if (!closeDrawer() && event.target.matches?.("a, button, input, select, textarea")) event.target.blur(); // letters and arrows are the page's again
    return;
  }
  if (typing(event.target) || asked) return;
  const field = document.querySelector(`[data-focus="${CSS.escape(event.key)}"]`);
  if (field) { event.preventDefault(); field.focus(); return field.select?.(); }
  if (event.key === "?" && showKeys()) return event.preventDefault();
  if (event.key.length !== 1 && !(event.key === "Enter" && idle(event.target))) return;
  const press = pressedBy(event.key, event.target);
  if (press) { event.preventDefault(); return press.click(); }
  if (event.key.toLowerCase() === "m" && toMenu()) event.preventDefault();
});

addEventListener("click", (event) => {
  const target = event.target;
  if (target.closest?.("[data-print]")) return print();
  const close = target.closest?.("[data-close]");
  if (close?.dataset.close === "drawer") closeDrawer();
  if (close?.dataset.close === "toast") close.closest(".toast")?.remove();
  if (target.closest?.("[data-show-keys]")) showKeys();
  for (const open of document.querySelectorAll("details.popup[open]")) if (!open.contains(target)) open.open = false;
  if (target.closest?.('[hx-target="#drawer"]')) opener = target.closest('[hx-target="#drawer"]');
  const row = target.closest?.("table[data-keys] tbody tr");
  if (row && !target.closest("a, button, input, label, select, summary")) choose(row);
  const command = target.closest?.("[commandfor]");
  if (command && !("commandForElement" in HTMLButtonElement.prototype)) {
    const dialog = document.getElementById(command.getAttribute("commandfor"));
    command.getAttribute("command") === "show-modal" ? dialog.showModal() : dialog.close();
  }
});

addEventListener("change", (event) => {
  if (!event.target.matches("[data-select-all]")) return;
  for (const box of event.target.closest("table").querySelectorAll("[data-select]")) box.checked = event.target.checked;
});

addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// A dialog closes by itself when the form inside it was accepted.
addEventListener("htmx:after:request", (event) => {
  const context = event.detail.ctx;
  if (context?.request?.method !== "GET" && context?.response?.raw?.ok) event.target.closest?.("dialog[open]")?.close();
});

// A live part is drawn anew under the hand: keep the row, the opened groups and the focus where they were.
const nameOf = (row) => row.querySelector("[data-primary]")?.getAttribute("href") ?? row.querySelector("form")?.getAttribute("action") ?? row.cells[0]?.textContent;
let held = null;
addEventListener("htmx:before:swap", () => {
  const row = document.activeElement?.closest?.("table[data-keys] tbody tr");
  const opened = [...document.querySelectorAll("main details[open] > summary")].map((one) => one.textContent);
  const link = document.activeElement?.closest?.("main a[href]")?.getAttribute("href");
  held = { opened, link, row: row && { name: nameOf(row), at: row.rowIndex, table: row.closest("table").caption?.textContent } };
});
addEventListener("htmx:after:swap", () => {
  prepare(document);
  for (const summary of document.querySelectorAll("main details:not([open]) > summary")) {
    if (held?.opened.includes(summary.textContent)) summary.parentElement.open = true;
  }
  if (held?.row && idle(document.activeElement)) {
    const table = [...document.querySelectorAll("table[data-keys]")].find((one) => one.caption?.textContent === held.row.table);
    const rows = table ? rowsOf(table) : [];
    const row = rows.find((one) => nameOf(one) === held.row.name) ?? rows[Math.min(held.row.at, rows.length) - 1];
    if (row) choose(row);
  } else if (held?.link && idle(document.activeElement)) document.querySelector(`main a[href="${CSS.escape(held.link)}"]`)?.focus();
  held = null;
  const panel = drawer()?.querySelector(".drawer");
  if (panel && opener && !drawer().contains(document.activeElement) && !panel.dataset.met) { panel.dataset.met = ""; panel.focus(); }
});

// An answer we cannot show (403, 404, 5xx, no network) becomes a toast in the page's own words.
for (const name of ["htmx:response:error", "htmx:error"]) addEventListener(name, (event) => {
  const status = event.detail.ctx?.response?.raw?.status ?? 0;
  if (status === 409 || status === 422) return;
  if (!["click", "submit", "change", "input"].includes(event.detail.ctx?.sourceEvent?.type)) return; // nobody asked: polls and live parts fail quietly
  const template = document.getElementById(status === 403 || status === 404 ? "toast-refused" : "toast-broken");
  const toasts = document.getElementById("toasts");
  if (template && toasts && !toasts.querySelector(`[data-from="${template.id}"]`)) {
    toasts.append(template.content.cloneNode(true));
    toasts.lastElementChild.dataset.from = template.id;
  }
});

prepare(document);
const start = document.querySelector("table[data-start]");
if (start && idle(document.activeElement) && rowsOf(start).length) choose(rowsOf(start).find((row) => row.hasAttribute("data-first")) ?? rowsOf(start)[0]);
