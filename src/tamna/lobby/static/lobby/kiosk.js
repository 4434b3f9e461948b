// The kiosk: shows one question at a time, by touch, by keys or by ear; asks the server; keeps a wish when the server is away.
// What a person gave stands in `person` only and is gone with `wipe`. No address changes, nothing is stored but the sealed outbox.
import { ask, Away } from "./kiosk-server.js";
import { listen } from "./kiosk-keys.js";
import { drop, keep, waiting } from "./outbox.js";
import { silence, speak } from "./kiosk-voice.js";

const root = document.getElementById("kiosk");
const PAGE = 8; // departments at a time: 1 to 8, 9 is more
const AGAIN_MS = 4000;
let person, step, timer, counting;

const inUse = () => root.querySelector(`[data-in="${person.language}"]`);
const shown = () => inUse().querySelector(`.screen[data-step="${step}"]`);
const word = (name, facts = {}) => Object.entries(facts).reduce((text, [key, value]) => text.replace(`{${key}}`, value), (inUse().querySelector("[data-words]") ?? root.querySelector("[data-words]")).dataset[name]);
const options = () => [...(document.querySelector("dialog[open]") ?? shown()).querySelectorAll(".option")].filter((each) => each.offsetParent !== null);
const is = (tool) => root.classList.contains(tool);

function say(text) {
  const said = document.getElementById("said");
  said.lang = inUse().lang;
  said.textContent = text;
  if (is("listen")) speak(text, said.lang, is("slow"));
}

function sayScreen() {
  const screen = shown();
  const parts = [...screen.querySelectorAll("h1, .lead, .facts, .slip")].map((each) => each.innerText.replace(/\s*\n+\s*/g, ". ").trim());
  const choices = options().map((each) => `${each.querySelector("b").innerText}: ${each.querySelector("span").innerText.replace(/\s*\n+\s*/g, ", ")}`);
  const keys = screen.querySelector("[data-typed]") ? word("typeKeys") : is("listen") ? word("keys") : "";
  say([...parts, ...choices, keys].filter(Boolean).join(". "));
}

function number() {
  options().forEach((each, index) => { const label = each.querySelector("b"); if (each.dataset.does !== "more") label.textContent = index + 1; });
}

function show(next, { back = false } = {}) {
  if (!back && step && next !== step) person.trail.push(step);
  step = next;
  root.dataset.step = next;
  for (const each of root.querySelectorAll("[data-in]")) each.hidden = each.dataset.in !== person.language;
  for (const each of root.querySelectorAll(".screen")) each.hidden = true;
  const screen = shown();
  screen.hidden = false;
  const typed = screen.querySelector("[data-typed]");
  if (typed) { person.digits = ""; draw(typed); }
  if (next === "department") page(0);
  number();
  screen.querySelector("h1").focus({ preventScroll: true });
  sayScreen();
  wake();
}

function fill(facts) {
  for (const slot of inUse().querySelectorAll("[data-slot]")) if (slot.dataset.slot in facts) slot.textContent = facts[slot.dataset.slot];
}

function wipe() {
  clearInterval(counting);
  silence();
  for (const each of root.querySelectorAll("[data-slot], [data-code], [data-typed], [data-left], [data-list=bookings]")) each.textContent = "";
  for (const each of root.querySelectorAll("dialog[open]")) each.close();
  for (const tool of ["low", "slow", "contrast", "listen"]) choose(tool, false);
  person = { language: "", digits: "", sign: null, proof: "", code: "", bookings: [], trail: [], key: "" };
  step = "";
  show("language");
}

// — time-outs —
function wake() {
  clearTimeout(timer);
  clearInterval(counting);
  document.querySelector("dialog[open]")?.close();
  if (step === "language" || step === "busy") return;
  if (step === "ticket" || step === "slip") return count(shown(), is("slow") ? root.dataset.ticketSlow : root.dataset.ticket);
  timer = setTimeout(() => {
    const dialog = inUse().querySelector("dialog");
    dialog.showModal();
    number();
    say(dialog.querySelector("h2").innerText);
    count(dialog, root.dataset.warning);
  }, 1000 * (is("slow") ? root.dataset.idleSlow : root.dataset.idle));
}

function count(where, seconds) {
  let left = Number(seconds);
  const tick = () => { if (left <= 0) return wipe(); where.querySelector("[data-left]").textContent = word("seconds", { n: left }); left -= 1; };
  tick();
  counting = setInterval(tick, 1000);
}

// — what is typed —
function draw(typed) {
  const digits = person.digits;
  typed.textContent = "secret" in typed.dataset ? "•".repeat(digits.length) : digits || "–";
  typed.dataset.empty = digits ? "" : "yes";
}

function digit(one) {
  const typed = shown().querySelector("[data-typed]");
  if (!typed || person.digits.length >= Number(typed.dataset.most)) return;
  person.digits += one;
  draw(typed);
  say("secret" in typed.dataset ? word("digits", { n: person.digits.length }) : one);
  wake();
}

function enter() {
  const typed = shown().querySelector("[data-typed]");
  if (person.digits.length < Number(typed.dataset.least)) return say(word("few"));
  const value = person.digits;
  if (step === "phone" || step === "chart") { person.sign = { kind: step, value }; return show("birth"); }
  if (step === "birth") return find({ ...person.sign, birth: value });
  if (step === "resident") return find({ kind: "resident", value });
  return contact(value);
}

// — what is asked —
async function find(sign) {
  person.sign = sign;
  person.code = sign.kind === "code" ? sign.value : "";
  show("busy");
  try {
    const found = await ask("who", sign, person.language);
    Object.assign(person, { proof: found.proof, bookings: found.bookings, stale: found.stale });
    fill(found);
    for (const row of found.departments) { const wait = inUse().querySelector(`[data-department="${row.code}"] [data-wait]`); if (wait) wait.textContent = row.wait; }
    show("confirm");
  } catch (error) {
    if (!(error instanceof Away)) return trouble(error);
    if (sign.kind === "resident") return trouble({ message: word("away") }); // such a number is kept nowhere, not even sealed
    person.bookings = null;
    visits();
  }
}

function trouble(error) {
  fill({ sentence: error.message });
  show("trouble");
}

async function contact(phone) {
  show("busy");
  try { await ask("contact", { proof: person.proof, phone }, person.language); } catch (error) { if (!(error instanceof Away)) return trouble(error); }
  visits();
}

function visits() {
  if (person.code) return receive({ code: person.code });
  if (person.bookings?.length === 0) return show("department");
  const list = inUse().querySelector("[data-list=bookings]");
  const rows = person.bookings ?? [{ id: "", words: word("any") }]; // the server is away: whichever booking there is
  list.replaceChildren(...rows.map((row) => {
    const one = inUse().querySelector("[data-template=booking]").content.cloneNode(true).firstElementChild;
    one.querySelector("span").textContent = row.words ?? word("booking", row);
    one.dataset.booking = row.id;
    return one;
  }));
  show("visit");
}

async function receive(choice) {
  person.key ||= crypto.randomUUID();
  const wish = { key: person.key, made: Date.now(), language: person.language, origin: location.origin, ...(person.proof ? { proof: person.proof } : person.sign), ...choice };
  show("busy");
  try {
    ticket(await ask("receive", wish, person.language));
  } catch (error) {
    if (!(error instanceof Away)) return trouble(error);
    wish.slip = String.fromCharCode(65 + Math.random() * 26) + String(crypto.getRandomValues(new Uint32Array(1))[0] % 1000).padStart(3, "0");
    await keep(wish);
    fill({ slip: wish.slip });
    show("slip");
  }
}

function ticket(answer) {
  fill(answer);
  inUse().querySelector("[data-code]").innerHTML = answer.code; // an SVG of our own server
  show("ticket");
}

let sending = false;
async function send() {
  if (sending || !navigator.onLine) return;
  sending = true;
  try {
    for (const wish of await waiting()) {
      const answer = await ask("receive", wish, wish.language);
      await drop(wish.key);
      if (step === "slip" && wish.key === person.key) answer.refused ? trouble({ message: answer.sentence }) : ticket(answer);
    }
  } catch (error) {
    if (!(error instanceof Away)) console.info("a kept wish was refused");
  } finally { sending = false; }
}

// — what is pressed —
function choose(tool, on) {
  root.classList.toggle(tool, on);
  for (const each of root.querySelectorAll(`[data-tool="${tool}"]`)) each.setAttribute("aria-pressed", on);
}

function page(first) {
  const rows = [...shown().querySelectorAll("[data-department]")];
  person.first = first < rows.length ? first : 0;
  rows.forEach((row, index) => { row.hidden = index < person.first || index >= person.first + PAGE; });
  shown().querySelector("[data-does=more]").hidden = rows.length <= PAGE;
  number();
}

const DOES = {
  over: wipe, still: wake, back: () => show(person.trail.pop() ?? "how", { back: true }),
  erase: () => { person.digits = person.digits.slice(0, -1); draw(shown().querySelector("[data-typed]")); }, typed: enter,
  first: () => trouble({ message: word("first") }), wrong: () => trouble({ message: word("wrong") }),
  confirmed: () => (person.stale ? show("contact") : visits()), "same-phone": () => contact(""), more: () => { page(person.first + PAGE); sayScreen(); },
  print: () => window.print(),
  help: async () => { person.language ||= "ko"; try { await ask("help", {}, person.language); show("called"); } catch { trouble({ message: word("away") }); } },
};

function press(button) {
  const { language, go, does, tool, department, booking } = button.dataset;
  if (language) { person.language = language; person.trail = []; return show("how"); }
  if (tool) { choose(tool, !is(tool)); if (tool === "listen") is("listen") ? sayScreen() : silence(); return wake(); }
  if (button.dataset.digit) return digit(button.dataset.digit);
  if (does) return DOES[does]();
  if (go) return show(go);
  if (department) return receive({ department });
  if (booking !== undefined) return receive({ appointment: booking });
}

root.addEventListener("click", (event) => { const button = event.target.closest("button"); if (button) press(button); });
document.addEventListener("contextmenu", (event) => event.preventDefault());
listen({
  typing: () => Boolean(shown().querySelector("[data-typed]")),
  digit: (one) => (shown().querySelector("[data-typed]") ? digit(one) : options()[Number(one) - 1]?.click()),
  enter: () => (shown().querySelector("[data-typed]") ? enter() : undefined),
  erase: () => person.digits && DOES.erase(),
  repeat: sayScreen, back: () => step !== "language" && step !== "busy" && DOES.back(), over: wipe,
  voice: () => { choose("listen", !is("listen")); sayScreen(); },
  scanned: (text) => { if (step === "busy") return; person.language ||= "ko"; find(text.startsWith("TAMNA:") ? { kind: "code", value: text } : { kind: "card", value: text }); },
  any: wake,
});
wipe();
setInterval(send, AGAIN_MS);
send();
navigator.serviceWorker?.register("/lobby/kiosk/worker.js", { scope: "/lobby/kiosk" });
