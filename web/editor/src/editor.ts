import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import {
  type AuthorKey,
  type Entity,
  type EntityId,
  type Member,
  type Participant,
  type Presence,
  type Room,
  type Scene,
  type SceneChange,
  type SessionNumber,
  type Status,
  type Submitted,
  type Transform,
  type Vec3,
} from "@theta/client";
import { assignColors, colorOf, type PersonColor } from "./colors.js";
import { request, Steps, type Step, type StepLabel } from "./steps.js";
import { UndoLabels } from "./undo_labels.js";

export type Tool = "select" | "move" | "rotate" | "scale";

export interface Snapping {
  enabled: boolean;
  /** Metres. */
  grid: number;
  /** Degrees. */
  angle: number;
  /** Steps of a factor. */
  scale: number;
}

/** A past state that is shown read-only instead of the room's. */
export interface LookBack {
  readonly seq: number;
  readonly scene: Scene;
}

export type ViewAxis = "front" | "back" | "left" | "right" | "top" | "bottom";

export type NoticeKind = "info" | "success" | "warning" | "error";

/** What the panels ask of the 3D view; `Viewport` gives it. */
export interface ViewportControl {
  /** Moves the camera until these fill the view; without any, everything. */
  frame(ids: readonly EntityId[]): void;
  /** The same, but only if they are not well in view already: beyond its edge, around the eye, or a speck. */
  reveal(ids: readonly EntityId[]): void;
  /** Where a new thing goes that nobody has pointed out a place for: in the middle of what is looked at. */
  placeForNew(): Vec3;
  /** Where something dropped at a point of the window goes. */
  placeAt(clientX: number, clientY: number): Vec3;
  /** Looks at the same place from where the name says. */
  setView(axis: ViewAxis): void;
  toggleOrtho(): void;
  readonly orthographic: ReadonlySignal<boolean>;
  /** Whether one finger chooses with a box instead of turning the view. */
  readonly boxSelect: Signal<boolean>;
  dispose(): void;
}

/** Components that are shown instead of an entity's own while somebody tries a value and has not decided. */
export type Look = Partial<Pick<Entity, "material" | "light">>;

/** What the person at this screen works with: the room, and everything that is theirs alone. */
export interface Editor {
  readonly room: Room;
  /** The newest chosen entity comes last; it is the active one. */
  readonly selection: Signal<readonly EntityId[]>;
  readonly tool: Signal<Tool>;
  readonly space: Signal<"local" | "world">;
  readonly snapping: Signal<Snapping>;
  readonly lookBack: Signal<LookBack | null>;

  /** Whose view the camera follows; the viewport clears it when the person moves the camera. */
  readonly following: Signal<SessionNumber | null>;
  /** The camera entity that is looked through; cleared as `following` is. */
  readonly lookingThrough: Signal<EntityId | null>;
  /** What is under way in a panel's gesture; the viewport shows it and makes it part of our presence. At most 16. */
  readonly dragging: Signal<NonNullable<Presence["dragging"]>>;
  /** What is under way in the view's own gesture, and after it until the scene has it; panels show these numbers. */
  readonly gesture: Signal<ReadonlyMap<EntityId, Transform>>;
  /** What a panel tries on entities and has not decided; shown here alone. */
  readonly looks: Signal<ReadonlyMap<EntityId, Look>>;
  /** Set while there is a viewport. */
  readonly viewport: Signal<ViewportControl | null>;

  /** The room's, or the past one that is looked back at. Panels draw this. */
  readonly scene: ReadonlySignal<Scene>;
  /** Changes whenever `scene` shows something else; for panels that read the scene again as a whole. */
  readonly revision: ReadonlySignal<number>;
  readonly status: ReadonlySignal<Status>;
  /** What the room is called; empty until that is known. */
  readonly roomName: ReadonlySignal<string>;
  readonly members: ReadonlySignal<readonly Member[]>;
  readonly participants: ReadonlySignal<readonly Participant[]>;
  /** Why nothing can be edited now, as a sentence; empty when it can. */
  readonly readOnly: ReadonlySignal<string>;
  readonly undoLabels: UndoLabels;

  /** The chosen entities that are there. */
  chosen(): Entity[];
  colorOf(author: AuthorKey): PersonColor;
  /**
   * Does `work` as one step, after all that were asked for before it. What the step is made of is to be read from its
   * scene: until its turn has come others may have changed or deleted what it is about. Resolves when it is over,
   * whatever became of it; what the person should know, they were told.
   */
  perform(label: StepLabel, work: (step: Step) => Promise<unknown>): Promise<void>;
  /** The same for taking a step back, or doing it again, which is none itself. */
  inTurn(kind: "undo" | "redo", work: () => Promise<unknown>): Promise<void>;
  /** Whether there is a step to take back or to do again, those included that are under way. */
  readonly canUndo: ReadonlySignal<boolean>;
  readonly canRedo: ReadonlySignal<boolean>;
  /**
   * Waits for a command that was just given to the room and that undo does not take back, as what concerns people and
   * not the scene. Tells the person what became of it if that is bad; null when it was not possible.
   */
  request(label: string, submitted: Promise<Submitted>): Promise<Submitted | null>;
  /** A sentence that shows for some seconds. */
  notify(kind: NoticeKind, text: string): void;
  /** Who shows the sentences; set by the shell. */
  readonly onNotice: Signal<(kind: NoticeKind, text: string) => void>;
  /** Stops listening to the room. */
  dispose(): void;
}

export function createEditor(room: Room): Editor {
  const selection = signal<readonly EntityId[]>([]);
  const lookBack = signal<LookBack | null>(null);
  const status = signal(room.status);
  const members = signal(room.members);
  const roomName = signal(room.name);
  const participants = signal(room.participants);
  const changes = signal(0);
  const undoLabels = new UndoLabels();
  const onNotice = signal<(kind: NoticeKind, text: string) => void>(() => undefined);
  const scene = computed(() => lookBack.value?.scene ?? room.scene);
  // By way of a text, so that what people move and point at gives nobody another colour and draws no list anew.
  const people = computed(() => [...peopleInOrder(members.value, participants.value)].join());
  const colors = computed(() => assignColors(people.value === "" ? [] : people.value.split(",")));

  const unsubscribe = [
    room.on("status", (now) => (status.value = now)),
    room.on("members", (now) => {
      members.value = now;
      roomName.value = room.name;
    }),
    room.on("participants", (now) => (participants.value = now)),
    room.on("changed", (change) => {
      forgetRemoved(selection, room.scene, change);
      changes.value += 1;
    }),
    room.on("remapped", (ids) => {
      selection.value = selection.value.map((id) => ids.get(id) ?? id);
    }),
    room.on("notice", ({ text }) => onNotice.value("info", text)),
  ];

  const notify = (kind: NoticeKind, text: string) => onNotice.value(kind, text);
  const steps = new Steps(room, undoLabels, notify);
  return {
    room,
    selection,
    lookBack,
    status,
    roomName,
    members,
    participants,
    scene,
    undoLabels,
    onNotice,
    notify,
    tool: signal<Tool>("select"),
    space: signal<"local" | "world">("world"),
    snapping: signal<Snapping>({ enabled: false, grid: 0.25, angle: 15, scale: 0.1 }),
    following: signal<SessionNumber | null>(null),
    lookingThrough: signal<EntityId | null>(null),
    dragging: signal<NonNullable<Presence["dragging"]>>([]),
    gesture: signal<ReadonlyMap<EntityId, Transform>>(new Map()),
    looks: signal<ReadonlyMap<EntityId, Look>>(new Map()),
    viewport: signal<ViewportControl | null>(null),
    revision: computed(() => changes.value + (lookBack.value === null ? 0 : lookBack.value.seq + 1) * 2 ** 32),
    readOnly: computed(() => whyReadOnly(status.value, lookBack.value)),
    chosen: () => selection.value.map((id) => scene.value.get(id)).filter((entity) => entity !== undefined),
    colorOf: (author) => colors.value.get(author) ?? colorOf(author),
    perform: (label, work) => steps.perform(label, work),
    inTurn: (kind, work) => steps.inTurn(kind, kind === "undo" ? "Undo" : "Redo", work),
    canUndo: computed(() => status.value.can_undo || steps.willUndo.value > 0),
    canRedo: computed(() => status.value.can_redo || steps.willRedo.value > 0),
    request: (label, submitted) => request(label, submitted, notify),
    dispose: () => unsubscribe.forEach((stop) => stop()),
  };
}

/** Members come in one order on every screen; guests after them. */
function* peopleInOrder(members: readonly Member[], participants: readonly Participant[]): Iterable<AuthorKey> {
  for (const { author } of members) yield author;
  for (const { author } of participants) yield author;
}

function forgetRemoved(selection: Signal<readonly EntityId[]>, scene: Scene, change: SceneChange): void {
  if (!change.everything && change.removed.length === 0) return;
  const left = selection.value.filter((id) => scene.get(id) !== undefined);
  if (left.length !== selection.value.length) selection.value = left;
}

function whyReadOnly(status: Status, lookBack: LookBack | null): string {
  if (lookBack !== null) return "This is the past; go back to now to edit.";
  if (status.phase === "stopped") return "This session has ended.";
  if (status.put_out) return "An admin has taken your access to this room.";
  if (!status.writer) return "Another tab of yours is editing this room.";
  if (status.role === "viewer" || status.role === "none") return "You are a viewer in this room.";
  return "";
}
