import "./styles/index.css";
import { signal } from "@preact/signals";
import { connect, type Room } from "@theta/client";
import { render } from "preact";
import { sentence } from "./sentence.js";
import { JoinPage, ProblemPage, WaitingPage } from "./start/gate.js";
import { type PageLink, readLink } from "./start/link.js";
import { untilOpen } from "./start/open_room.js";
import { missing, pageHasWebGl2 } from "./start/requirements.js";
import { applyTheme } from "./theme.js";
import coreUrl from "../../../build/wasm/bin/theta_web.wasm?url";

const kNameKey = "theta.name";
const kRoomsKey = "theta.rooms";
/** Rooms that this browser remembers having been in. */
const kRoomsMax = 200;

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

function start(): void {
  root.replaceChildren();
  applyTheme();
  const page = readLink(location);
  // On its way while the question for WebGL, which starts a browser's drawing, holds this thread.
  if (page.kind === "room") fetchCoreAhead();
  const problems = missing(globalThis, pageHasWebGl2);
  if (problems.length > 0) {
    const advice = "Use a current Chrome, Edge, Firefox or Safari, or a native program with the same link.";
    return render(
      <ProblemPage title="This browser cannot open the editor" problems={problems} advice={advice} />,
      root,
    );
  }
  if (page.kind === "none") {
    const problem =
      "This hub serves rooms by links. Ask whoever invited you for one, or run `theta room new` where the hub runs.";
    return render(<ProblemPage title="Open a link to a room" problems={[problem]} />, root);
  }
  if (page.kind === "broken") return render(<ProblemPage title="This link is broken" problems={[page.why]} />, root);

  const name = kept(kNameKey);
  // Who was here before comes straight in: the page they loaded is the scene they want.
  if (name !== "" && knownRooms().includes(page.room)) return void open(page, name);
  const join = (chosen: string) => {
    keep(kNameKey, chosen);
    void open(page, chosen);
  };
  render(<JoinPage room={page.room} hub={location.host} hasInvite={page.hasInvite} name={name} onJoin={join} />, root);
}

async function open(page: Extract<PageLink, { kind: "room" }>, displayName: string): Promise<void> {
  const { link, room: roomName, transport } = page;
  const back = () => location.reload();
  render(<Waiting />, root);
  let room: Room | undefined;
  try {
    const shell = import("./shell/shell.js");
    room = await connect({ link, displayName, transport });
    await untilOpen(room, (text) => (waiting.value = text));
    keep(kRoomsKey, [...knownRooms().filter((each) => each !== roomName), roomName].slice(-kRoomsMax).join(" "));
    const { showEditor } = await shell;
    render(null, root);
    showEditor(root, room, link);
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

function Waiting() {
  return <WaitingPage text={waiting.value} />;
}

/** The editor opens without its hub from the second visit on; where it cannot, all else works the same. */
function keepForOffline(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const register = () => navigator.serviceWorker.register("/service_worker.js").catch(() => undefined);
  window.addEventListener("load", () => void register());
}

start();
keepForOffline();
