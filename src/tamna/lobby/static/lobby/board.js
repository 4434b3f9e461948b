// The board: asks what moves, in one language after the other; a new call is rung and spoken in every language, once.
import { speak } from "./kiosk-voice.js";

const board = document.getElementById("board");
const languages = board.dataset.languages.split(" ");
const ASK_MS = 4000, TURNS = 3, LINES = 8; // a language stays for three answers; so many queues fit the screen
const sound = document.getElementById("sound");
let round = 0, called = null, audio;

sound.addEventListener("click", () => { audio ??= new AudioContext(); sound.setAttribute("aria-pressed", "true"); sound.hidden = true; }); // browsers let nobody ring before a hand has touched

function ring() {
  if (!audio) return;
  for (const [index, pitch] of [784, 659].entries()) {
    const tone = audio.createOscillator(), loud = audio.createGain(), at = audio.currentTime + index * 0.35;
    tone.frequency.value = pitch;
    loud.gain.setValueAtTime(0.25, at);
    loud.gain.exponentialRampToValueAtTime(0.001, at + 0.6);
    tone.connect(loud).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.6);
  }
}

async function page(language) {
  const answer = await fetch(`/lobby/board/now?language=${language}`, { cache: "no-store" });
  if (!answer.ok) throw new Error();
  return new DOMParser().parseFromString(await answer.text(), "text/html").body;
}

const calls = (where) => new Map([...where.querySelectorAll("[data-call]")].map((each) => [each.dataset.call, each.dataset.words]));

async function call(fresh) {
  ring();
  const words = [];
  for (const language of languages) {
    const known = calls(await page(language));
    for (const id of fresh) if (known.has(id)) words.push([known.get(id), language]);
  }
  document.getElementById("said").textContent = words.map(([text]) => text).join(" ");
  if (audio) words.forEach(([text, language], index) => speak(text, language === "zh-hans" ? "zh-Hans" : language, false, index > 0));
}

async function ask() {
  try {
    const shown = await page(languages[Math.floor(round++ / TURNS) % languages.length]);
    board.replaceChildren(...shown.childNodes);
    turn();
    const now = new Set(calls(board).keys());
    const fresh = called ? [...now].filter((id) => !called.has(id)) : [];
    called = now;
    for (const each of board.querySelectorAll("[data-call]")) each.classList.toggle("fresh", fresh.includes(each.dataset.call));
    document.documentElement.classList.remove("is-away");
    if (fresh.length) await call(fresh);
  } catch {
    document.documentElement.classList.add("is-away");
  }
}

function turn() {
  const lines = [...board.querySelectorAll(".line")], pages = Math.max(1, Math.ceil(lines.length / LINES));
  lines.forEach((line, index) => { line.hidden = Math.floor(index / LINES) !== round % pages; });
}

turn();
called = new Set(calls(board).keys());
setInterval(ask, ASK_MS);
