// Makes the patient's page an app: type, style and script are kept; the page itself, which is about a person, never is.
const KEPT = "tamna-phone-1";
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { pathname, searchParams } = new URL(event.request.url);
  if (event.request.method !== "GET" || !pathname.startsWith("/static/") || !searchParams.has("v")) return;
  event.respondWith(caches.open(KEPT).then(async (cache) => {
    const kept = await cache.match(event.request);
    if (kept) return kept;
    const answer = await fetch(event.request);
    if (answer.ok) await cache.put(event.request, answer.clone());
    return answer;
  }));
});
