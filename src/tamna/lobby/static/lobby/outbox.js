// What could not be sent yet: sealed in the browser's database with a key that no script can read out, removed once it is answered.
const NAME = "tamna-kiosk";
const done = (request) => new Promise((resolve, reject) => { request.onsuccess = () => resolve(request.result); request.onerror = () => reject(request.error); });

async function open() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => { request.result.createObjectStore("key"); request.result.createObjectStore("wishes"); };
  return done(request);
}

async function store(name, mode, use) {
  const database = await open();
  try { return await use(database.transaction(name, mode).objectStore(name)); } finally { database.close(); }
}

async function key() {
  const known = await store("key", "readonly", (keys) => done(keys.get("seal")));
  if (known) return known;
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  await store("key", "readwrite", (keys) => done(keys.put(made, "seal")));
  return made;
}

export async function keep(wish) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await key(), new TextEncoder().encode(JSON.stringify(wish)));
  await store("wishes", "readwrite", (wishes) => done(wishes.put({ iv, sealed }, wish.key)));
}

export const drop = (id) => store("wishes", "readwrite", (wishes) => done(wishes.delete(id)));

export async function waiting() {
  const rows = await store("wishes", "readonly", (wishes) => done(wishes.getAll()));
  const opened = await key();
  return Promise.all(rows.map(async ({ iv, sealed }) => JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, opened, sealed)))));
}
