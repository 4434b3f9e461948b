// Hands on the keyboard: "/" to search, Esc to close, arrows and Enter in lists marked data-keys, letters marked data-key.
// Also the few things a page cannot say in HTML alone: toasts that leave, dialogs on older browsers, "select all".

const typing = (element) => element.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const drawer = () => document.getElementById("drawer");
let opener = null;

function closeDrawer() {
  if (!drawer()?.childElementCount) return false;
  drawer().replaceChildren();
  opener?.isConnected && opener.focus();
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
  const rows = [...row.parentElement.rows].filter((one) => one.offsetParent);
  const at = rows.indexOf(row);
  const next = { ArrowDown: rows[at + 1], ArrowUp: rows[at - 1], Home: rows[0], End: rows.at(-1) }[event.key];
  if (next) return choose(next), true;
  if (event.key === "Enter" && event.target === row) return row.querySelector("[data-primary]")?.click(), true;
  if (event.key === " " && event.target === row && row.querySelector("[data-select]")) return row.querySelector("[data-select]").click(), true;
  return false;
}

function inResults(event) {
  const box = event.target.closest?.("[data-search]");
  if (!box || !["ArrowDown", "ArrowUp"].includes(event.key)) return false;
  const stops = [box.querySelector("input"), ...box.querySelectorAll(".found a")];
  const next = stops[stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
  return next ? (next.focus(), true) : false;
}

addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (inList(event) || inResults(event)) return event.preventDefault();
  if (event.key === "Escape") {
    if (document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("[data-search]")) return event.target.blur();
    for (const open of document.querySelectorAll("details.popup[open]")) open.open = false;
    return void closeDrawer();
  }
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const field = document.querySelector(`[data-focus="${CSS.escape(event.key)}"]`);
  if (field) { event.preventDefault(); field.focus(); return field.select?.(); }
  if (event.key.length !== 1) return;
  const press = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key.toLowerCase() === event.key.toLowerCase() && one.offsetParent && !one.disabled);
  if (press) { event.preventDefault(); press.click(); }
});

addEventListener("click", (event) => {
  const target = event.target;
  const close = target.closest?.("[data-close]");
  if (close?.dataset.close === "drawer") closeDrawer();
  if (close?.dataset.close === "toast") close.closest(".toast")?.remove();
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
addEventListener("htmx:after:swap", () => {
  prepare(document);
  const panel = drawer()?.querySelector(".drawer");
  if (panel && opener && !drawer().contains(document.activeElement)) panel.focus();
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
