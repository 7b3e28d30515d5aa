/**
 * Keeps the editor's own files in the browser, so that a page opens while the hub cannot be reached: what is in the
 * room lies in IndexedDB anyway. Keeps nothing of a room, and answers for nothing but these files.
 */

export {};
declare const self: ServiceWorkerGlobalScope;

/** All files of this build, which the build puts here; another build is another script, and so another worker. */
declare const __EDITOR_FILES__: readonly string[];

const kFiles = new Set(__EDITOR_FILES__);
const kPage = "/index.html";
const kCache = "theta-editor";

self.addEventListener("install", (event) => event.waitUntil(keepFiles()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && url.pathname.startsWith("/r/")) event.respondWith(openPage(request));
  else if (kFiles.has(url.pathname)) event.respondWith(answerFile(request));
});

async function keepFiles(): Promise<void> {
  const cache = await caches.open(kCache);
  const kept = new Set((await cache.keys()).map(({ url }) => new URL(url).pathname));
  // A name with a hash in it says what is in the file; the page itself has none and is fetched anew.
  await cache.addAll([...kFiles].filter((path) => path === kPage || !kept.has(path)));
  await self.skipWaiting();
}

async function forgetOthers(): Promise<void> {
  const cache = await caches.open(kCache);
  for (const request of await cache.keys()) {
    if (!kFiles.has(new URL(request.url).pathname)) await cache.delete(request);
  }
  await self.clients.claim();
}

/** The hub's page where the hub answers, since it may be newer; else the one that is kept. */
async function openPage(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const page = await caches.match(kPage);
    if (page === undefined) throw error;
    return page;
  }
}

async function answerFile(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreSearch: true })) ?? fetch(request);
}
