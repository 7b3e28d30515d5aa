import "./styles/index.css";
import { signal } from "@preact/signals";
import { connect, type Room } from "@theta/client";
import { render } from "preact";
import { sentence } from "./sentence.js";
import { JoinPage, ProblemPage, WaitingPage } from "./start/gate.js";
import { type PageLink, readLink } from "./start/link.js";
import { untilOpen } from "./start/open_room.js";
import { kWebGlMissing, missing } from "./start/requirements.js";
import { applyTheme } from "./theme.js";
import { drawingContext } from "./viewport/drawing_context.js";
import coreUrl from "../../../build/wasm/bin/theta_web.wasm?url";

const kNameKey = "theta.name";
const kRoomsKey = "theta.rooms";
/** Rooms that this browser remembers having been in. */
const kRoomsMax = 200;
const kMeshesAheadMax = 64;
/** What a page has for itself after it has loaded, until work for later visits begins. */
const kOpeningMs = 2000;

const root = document.getElementById("app") as HTMLElement;
const waiting = signal("Loading the core…");

function kept(key: string): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The name is asked for again next time.
  }
}

/** Brings the core into the browser's cache while the person types a name; the worker that runs it finds it there. */
function fetchCoreAhead(): void {
  fetch(coreUrl)
    .then(
      (answer) => answer.arrayBuffer(),
      () => undefined,
    )
    .catch(() => undefined);
}

function knownRooms(): string[] {
  return kept(kRoomsKey)
    .split(" ")
    .filter((room) => room !== "");
}

type RoomPage = Extract<PageLink, { kind: "room" }>;

function cannotOpen(problems: readonly string[]): void {
  const advice = "Use a current Chrome, Edge, Firefox or Safari, or a native program with the same link.";
  render(<ProblemPage title="This browser cannot open the editor" problems={problems} advice={advice} />, root);
}

function start(): void {
  root.replaceChildren();
  applyTheme();
  const page = readLink(location);
  const problems = missing(globalThis);
  if (problems.length > 0) return cannotOpen(problems);
  if (page.kind === "none") {
    const problem =
      "This hub serves rooms by links. Ask whoever invited you for one, or run `theta room new` where the hub runs.";
    return render(<ProblemPage title="Open a link to a room" problems={[problem]} />, root);
  }
  if (page.kind === "broken") return render(<ProblemPage title="This link is broken" problems={[page.why]} />, root);

  fetchCoreAhead();
  const name = kept(kNameKey);
  // Who was here before comes straight in: the page they loaded is the scene they want.
  const room = name !== "" && knownRooms().includes(page.room) ? enter(page, name) : null;
  // The worker is on its way while the question for WebGL, which starts a browser's drawing, holds this thread.
  const canvas = document.createElement("canvas");
  if (drawingContext(canvas) === null) {
    room?.then((entered) => entered.close()).catch(() => undefined);
    return cannotOpen([kWebGlMissing]);
  }
  if (room !== null) return void open(page, room, canvas);
  const join = (chosen: string) => {
    keep(kNameKey, chosen);
    void open(page, enter(page, chosen), canvas);
  };
  render(<JoinPage room={page.room} hub={location.host} hasInvite={page.hasInvite} name={name} onJoin={join} />, root);
}

function enter({ link, transport }: RoomPage, displayName: string): Promise<Room> {
  return connect({ link, displayName, transport });
}

async function open({ link, room: roomName }: RoomPage, entering: Promise<Room>, canvas: HTMLCanvasElement) {
  const back = () => location.reload();
  render(<Waiting />, root);
  let room: Room | undefined;
  try {
    const shell = import("./shell/shell.js");
    const drawing = shell.then(({ prepareDrawing }) => prepareDrawing(canvas)).catch(() => undefined);
    room = await entering;
    await untilOpen(room, (text) => (waiting.value = text));
    keep(kRoomsKey, [...knownRooms().filter((each) => each !== roomName), roomName].slice(-kRoomsMax).join(" "));
    askForMeshes(room);
    const { showEditor } = await shell;
    // The view makes its own where this one came to nothing, as when the graphics process started anew meanwhile.
    const renderer = await drawing;
    render(null, root);
    showEditor(root, room, link, renderer);
  } catch (error) {
    await room?.close().catch(() => undefined);
    render(null, root);
    render(
      <ProblemPage
        title="The room did not open"
        problems={[sentence(error)]}
        advice="If the link has expired or was used up, ask for a new one."
        action={{ label: "Try again", run: back }}
      />,
      root,
    );
  }
}

/** They travel while the editor is being built, which then finds them here or on their way. */
function askForMeshes(room: Room): void {
  const meshes = new Set<string>();
  for (const { mesh } of room.scene.entities()) {
    if (mesh !== undefined) meshes.add(mesh);
    if (meshes.size === kMeshesAheadMax) break;
  }
  for (const mesh of meshes) room.loadMesh(mesh).catch(() => undefined);
}

function Waiting() {
  return <WaitingPage text={waiting.value} />;
}

/** The editor opens without its hub from the second visit on; where it cannot, all else works the same. */
function keepForOffline(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const register = () => navigator.serviceWorker.register("/service_worker.js").catch(() => undefined);
  // It is for the next visit: this one's opening goes first.
  window.addEventListener("load", () => setTimeout(() => void register(), kOpeningMs));
}

start();
keepForOffline();
