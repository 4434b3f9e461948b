// Live changes: one stream of server-sent events becomes events on the body. A template writes
//   hx-trigger="live:ticket from:body throttle:500ms"      (any event whose topic starts with ticket.)
//   hx-trigger="live:ticket.called from:body"              (this one only)
//   hx-trigger="live:back from:body"                       (after a gap in which something may have been missed)
// The address is asked for each time: it carries a short-lived token. The stream is read with fetch, not EventSource,
// because topics are event names and EventSource hears only the names it was told beforehand.

const indicator = document.getElementById("live");
const asked = document.body.dataset.liveAddress;
let wait = 1000;

const show = (state) => { if (indicator) { indicator.dataset.state = state; indicator.hidden = state === "on"; } };

function tell(topic, facts) {
  const parts = topic.split(".");
  for (let length = 1; length <= parts.length; length += 1) {
    document.body.dispatchEvent(new CustomEvent(`live:${parts.slice(0, length).join(".")}`, { detail: { topic, ...facts } }));
  }
}

function hear(block) {
  let topic = "", text = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) topic = line.slice(6).trim();
    if (line.startsWith("data:")) text += line.slice(5).trim();
  }
  if (!topic || !text) return; // a comment: the stream says it is alive
  let facts = {};
  try { facts = JSON.parse(text); } catch { return; }
  if (topic === "offline") return show("off"); // the stream lives, but its database is away
  if (topic === "online") show("on");
  if (topic === "online" || topic === "reload") topic = "back"; // something may have been missed: live:back
  tell(topic, facts);
}

async function listen() {
  const address = await fetch(asked, { headers: { Accept: "application/json" } });
  if (!address.ok) throw new Error(`live address ${address.status}`);
  const stop = new AbortController();
  let quiet;
  const alive = () => { clearTimeout(quiet); quiet = setTimeout(() => stop.abort(), 60_000); };
  const stream = await fetch((await address.json()).url, { headers: { Accept: "text/event-stream" }, signal: stop.signal, cache: "no-store" });
  if (!stream.ok) throw new Error(`live stream ${stream.status}`);
  if (wait > 1000) tell("back", {});
  wait = 1000;
  show("on");
  const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      alive();
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop();
      blocks.forEach(hear);
    }
  } finally { clearTimeout(quiet); }
}

async function stay() {
  for (;;) {
    try { await listen(); } catch { /* shown below, tried again */ }
    show("off");
    await new Promise((resolve) => {
      setTimeout(resolve, wait * (0.7 + Math.random() * 0.6));
      addEventListener("online", resolve, { once: true });
    });
    wait = Math.min(wait * 2, 30_000);
  }
}

if (asked) {
  addEventListener("offline", () => show("off"));
  stay();
}
