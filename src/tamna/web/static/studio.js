// The rule form: a word goes into the condition where the hand is, a suggestion replaces what it mends, and a condition is put
// together from field, comparison and value. Everything works without it: the condition can be typed.

const facts = JSON.parse(document.getElementById("field-facts")?.textContent ?? "{}");
const form = document.getElementById("rule-form");

function put(field, text, start, end) {
  field.setRangeText(text, start, end, "end");
  field.focus();
  field.dispatchEvent(new Event("put", { bubbles: true }));
}

function replace(button, field) {
  const at = Number(button.dataset.at);
  put(field, button.dataset.put, at, at + Number(button.dataset.length));
}

function insert(button, field) {
  const { selectionStart: start, selectionEnd: end, value } = field;
  const before = start && !/[\s(]$/.test(value.slice(0, start)) ? " " : "";
  put(field, before + button.dataset.put, start, end);
}

function choose(button, field) { // one of the choices of a select, or the whole text of a short field
  field.value = button.dataset.put;
  field.dispatchEvent(new Event("put", { bubbles: true }));
}

// A value as the language writes it: numbers bare, true and false bare, everything else between quotation marks.
function literal(text, type) {
  const bare = text.trim();
  if (["int", "number"].includes(type) && /^-?\d+(\.\d+)?$/.test(bare)) return bare;
  if (type === "bool") return /^(true|1|y|yes|예|네)$/i.test(bare) ? "true" : "false";
  return `'${bare.replaceAll("'", "''")}'`;
}

function condition() {
  const name = document.getElementById("build-field").value.trim();
  const operator = document.getElementById("build-operator").value;
  const value = document.getElementById("build-value").value;
  const type = facts[name]?.type ?? "text";
  if (!name) return "";
  if (operator.startsWith("IS")) return `${name} ${operator}`;
  if (operator === "IN") return `${name} IN (${value.split(/[,\s]+/).filter(Boolean).map((one) => literal(one, type)).join(", ")})`;
  if (operator === "LIKE") return `${name} LIKE ${literal(`${value.trim()}%`, "text")}`;
  return `${name} ${operator} ${literal(value, type)}`;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-put], [data-build]");
  const field = button && document.getElementById(button.dataset.into);
  if (!field) return;
  if (button.dataset.build) {
    const text = condition();
    if (!text) return document.getElementById("build-field").focus();
    const joined = field.value.trim() ? `${field.value.trim()} ${button.dataset.build} ${text}` : text;
    return put(field, joined, 0, field.value.length);
  }
  if (button.dataset.at) return replace(button, field);
  return field.matches("textarea") ? insert(button, field) : choose(button, field);
});

// Suggested examples are judged as soon as they stand in the form.
let examples = document.getElementById("field-examples")?.value;
addEventListener("htmx:after:swap", () => {
  const field = document.getElementById("field-examples");
  if (!field || field.value === examples) return;
  examples = field.value;
  field.dispatchEvent(new Event("put", { bubbles: true }));
});

document.getElementById("build-field")?.addEventListener("input", (event) => {
  const values = Object.entries(facts[event.target.value.trim()]?.values ?? {});
  document.getElementById("field-values").replaceChildren(...values.map(([value, name]) => Object.assign(document.createElement("option"), { value, textContent: name })));
});

document.querySelector("[data-narrows]")?.addEventListener("input", (event) => {
  const words = event.target.value.trim().toLowerCase();
  for (const group of document.querySelectorAll("#field-list details")) {
    let shown = 0;
    for (const item of group.querySelectorAll("li")) {
      item.hidden = words !== "" && !item.dataset.words.toLowerCase().includes(words);
      shown += item.hidden ? 0 : 1;
    }
    group.hidden = words !== "" && !shown;
    group.open = words !== "" ? shown > 0 : group.dataset.over === form?.elements.over.value;
  }
});

form?.elements.over.addEventListener("change", (event) => {
  for (const group of document.querySelectorAll("#field-list details[data-over]")) group.open = group.dataset.over === event.target.value;
});
