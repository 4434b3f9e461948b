// Keeps the kiosk's page and its parts for a time without the server. Nothing of a patient is ever in it.
const KEPT = "tamna-kiosk-1";
const PAGE = "/lobby/kiosk";
self.addEventListener("install", (event) => { self.skipWaiting(); event.waitUntil(caches.open(KEPT).then((cache) => cache.add(PAGE))); });
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function newest(request) {
  const cache = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch (error) {
    return (await cache.match(request, { ignoreVary: true })) ?? Promise.reject(error);
  }
}

async function kept(request) {
  const cache = await caches.open(KEPT);
  return (await cache.match(request, { ignoreVary: true })) ?? newest(request);
}

self.addEventListener("fetch", (event) => {
  const { pathname, searchParams } = new URL(event.request.url);
  if (event.request.method !== "GET") return;
  if (pathname === PAGE) event.respondWith(newest(event.request));
  else if (pathname.startsWith("/static/")) event.respondWith(searchParams.has("v") ? kept(event.request) : newest(event.request));
});
