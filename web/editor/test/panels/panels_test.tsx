import { fireEvent, render, screen, within } from "@testing-library/preact";
import userEvent from "@testing-library/user-event";
import type { Outcome } from "@theta/client";
import { expect, test, vi } from "vitest";
import { Banners } from "../../src/panels/banners.js";
import { conflictText } from "../../src/panels/conflict_text.js";
import { Conflicts } from "../../src/panels/conflicts.js";
import { Inspector } from "../../src/panels/inspector.js";
import InviteDialog from "../../src/panels/invite_dialog.js";
import { Jobs } from "../../src/panels/jobs.js";
import { Outliner } from "../../src/panels/outliner.js";
import { MoveToDialog, PaletteDialog } from "../../src/panels/palette.js";
import { People } from "../../src/panels/people.js";
import { JoinPage } from "../../src/start/gate.js";
import { shareSelection, warnBeforeLosing } from "../../src/shell/room_duties.js";
import { StatusBar } from "../../src/shell/status_bar.js";
import { OTHER } from "../fake_room.js";
import { open } from "./open.js";

test("TheOutlinerChoosesRenamesAndHides", async () => {
  const { room, editor, show, user } = open();
  const { ids } = await room.create([{ name: "House" }, { name: "Door", parent_index: 0 }]);
  show(<Outliner />);
  await user.click(screen.getByText("Door"));
  expect(editor.selection.value).toEqual([ids[1]]);
  await user.dblClick(screen.getByText("Door"));
  const field = await screen.findByRole("textbox", { name: "New name of Door" });
  await user.clear(field);
  await user.keyboard("Gate{Enter}");
  expect(room.scene.get(ids[1] as string)?.name).toBe("Gate");
  await user.click(await screen.findByRole("button", { name: "Hide Gate" }));
  expect(room.scene.get(ids[1] as string)?.visible).toBe(false);
});

test("TheOutlinerIsATreeForKeysAndScreenReaders", async () => {
  const { room, editor, show, user } = open();
  const { ids } = await room.create([{ name: "House" }, { name: "Door", parent_index: 0 }, { name: "Tree" }]);
  show(<Outliner />);
  screen.getByRole("tree").focus();
  await user.keyboard("{Home}");
  expect(editor.selection.value).toEqual([ids[0]]);
  const house = await screen.findByRole("treeitem", { name: /House/ });
  expect(house.getAttribute("aria-expanded")).toBe("true");
  expect(screen.getByRole("tree").getAttribute("aria-activedescendant")).toBe(house.id);
  await user.keyboard("{ArrowLeft}");
  expect(screen.queryByText("Door")).toBeNull();
  await user.keyboard("{ArrowRight}{Shift>}{ArrowDown}{/Shift}");
  expect(editor.selection.value).toEqual([ids[0], ids[1]]);
});

test("OnlyWhatIsVisibleOfTenThousandRowsIsInThePage", async () => {
  const { room, show } = open();
  await room.create(Array.from({ length: 10_000 }, (_, at) => ({ name: `n${at}` })));
  show(<Outliner />);
  expect(screen.getAllByRole("treeitem").length).toBeLessThan(100);
});

test("WhoElseHasChosenSomethingIsMarked", async () => {
  const { room, show } = open();
  const { ids } = await room.create([{ name: "Vase" }]);
  room.join({ session: 2 });
  room.setSelection(OTHER, ids);
  show(<Outliner />);
  expect(screen.getByRole("img", { name: "chosen by Grace" })).toBeTruthy();
});

test("TheInspectorChangesOnePartOfAllThatIsChosen", async () => {
  const { room, editor, show, user } = open();
  const { ids } = await room.create([
    { name: "a", position: [1, 2, 3] },
    { name: "b", position: [1, 5, 6] },
  ]);
  editor.selection.value = ids;
  show(<Inspector />);
  expect(screen.getByRole<HTMLInputElement>("spinbutton", { name: "Position X" }).value).toBe("1");
  expect(screen.getByRole("spinbutton", { name: "Position Y" }).getAttribute("placeholder")).toBe("mixed");
  screen.getByRole("spinbutton", { name: "Position X" }).focus();
  await user.clear(screen.getByRole("spinbutton", { name: "Position X" }));
  await user.keyboard("7{Enter}");
  expect(ids.map((id) => room.scene.get(id)?.transform.position)).toEqual([
    [7, 2, 3],
    [7, 5, 6],
  ]);
  expect(room.submitted.filter(({ command }) => command === "set_transform")).toHaveLength(1);
});

test("AScrubIsShownLiveAndIsOneCommand", async () => {
  const { room, editor, show } = open();
  const { ids } = await room.create([{ name: "a" }]);
  editor.selection.value = ids;
  show(<Inspector />);
  const field = screen.getByRole("spinbutton", { name: "Position Y" });
  fireEvent.pointerDown(field, { pointerId: 1, clientX: 0, button: 0 });
  fireEvent.pointerMove(document.body, { pointerId: 1, clientX: 80 });
  expect(editor.dragging.value).toEqual([
    { entity: ids[0], transform: { position: [0, 1, 0], rotation: [0, 0, 0, 1], scale: [1, 1, 1] } },
  ]);
  fireEvent.pointerUp(document.body, { pointerId: 1, clientX: 80 });
  await vi.waitFor(() => expect(editor.dragging.value).toEqual([]));
  expect(room.scene.get(ids[0] as string)?.transform.position).toEqual([0, 1, 0]);
  expect(room.submitted.filter(({ command }) => command === "set_transform")).toHaveLength(1);
});

test("OneValueOfDifferentMaterialsKeepsTheirOthers", async () => {
  const { room, editor, show, user } = open();
  const { ids } = await room.create([
    { name: "a", material: { base_color: [1, 0, 0, 1], roughness: 0.1, base_color_texture: "ab".repeat(32) } },
    { name: "b", material: { base_color: [0, 1, 0, 1], roughness: 0.2 } },
  ]);
  editor.selection.value = ids;
  show(<Inspector />);
  screen.getByRole("spinbutton", { name: "Roughness" }).focus();
  await user.keyboard("0.7{Enter}");
  const [a, b] = ids.map((id) => room.scene.get(id)?.material);
  expect(a).toMatchObject({ base_color: [1, 0, 0, 1], roughness: 0.7, base_color_texture: "ab".repeat(32) });
  expect(b).toMatchObject({ base_color: [0, 1, 0, 1], roughness: 0.7 });
  expect(editor.undoLabels.orderOfUndo(3)).toEqual([3, 2]);
});

test("ATextureIsTakenAwayAndComponentsComeAndGo", async () => {
  const { room, editor, show, user } = open();
  const { ids } = await room.create([{ name: "a", material: { normal_texture: "ab".repeat(32) } }]);
  const [id] = ids as [string];
  editor.selection.value = ids;
  show(<Inspector />);
  await user.click(screen.getByRole("button", { name: "Remove texture: Normals" }));
  expect(room.scene.get(id)?.material).not.toHaveProperty("normal_texture");
  await user.click(screen.getByRole("button", { name: "Remove material" }));
  expect(room.scene.get(id)?.material).toBeUndefined();
  await user.click(screen.getByRole("button", { name: "Add to it" }));
  await user.click(screen.getByRole("menuitem", { name: "Light" }));
  expect(room.scene.get(id)?.light?.kind).toBe("point");
});

test("TagsMergeInsteadOfReplacing", async () => {
  const { room, editor, show, user } = open();
  const { ids } = await room.create([{ name: "a", tags: ["old"] }]);
  editor.selection.value = ids;
  show(<Inspector />);
  await user.type(screen.getByRole("textbox", { name: /Add tags/ }), "wood, red{Enter}");
  expect(room.submitted.at(-1)).toEqual({ command: "change_tags", targets: ids, add: ["wood", "red"] });
  await user.click(await screen.findByRole("button", { name: "Remove tag old" }));
  expect(room.scene.get(ids[0] as string)?.tags).toEqual(["red", "wood"]);
});

test("ConflictsQueueAndAreRedoneOrDiscarded", async () => {
  const { room, workspace, show, user } = open();
  show(<Conflicts />);
  expect(screen.queryByRole("alertdialog")).toBeNull();
  room.loseAgainst("set_transform", "Grace moved the vase after you did.");
  room.loseAgainst("set_material", "Grace painted the vase.");
  const panel = await screen.findByRole("alertdialog");
  expect(panel.textContent).toContain("2 of your edits were overtaken");
  expect(within(panel).getByText("Your move did not go through.")).toBeTruthy();
  expect(within(panel).getByText("Grace moved the vase after you did.").tagName).toBe("DETAILS");
  await user.click(within(panel).getAllByRole("button", { name: "Redo on top" })[0] as HTMLElement);
  expect(room.submitted.at(-1)).toEqual({ command: "set_transform" });
  expect(workspace.conflicts.value).toHaveLength(1);
  await user.click(within(panel).getByRole("button", { name: "Discard" }));
  expect(screen.queryByRole("alertdialog")).toBeNull();
});

test("AConflictSaysWhoDidWhatToWhichObject", async () => {
  const { room, editor } = open();
  const { ids } = await room.create([{ name: "box" }]);
  const entity = ids[0] as string;
  const blocker = { author: 2, seq: 7, entity, component: "transform" };
  const said = (command: string, outcome: Partial<Outcome>, handle?: number) =>
    conflictText(editor, room.loseAgainst(command, "set_transform came too late", outcome, handle));
  expect(said("set_transform", { blocker })).toBe(
    "Your move of “box” lost to Grace, who moved, rotated or scaled it meanwhile.",
  );
  const turn = { command: "rotate_by" as const, targets: ids, rotation: [0, 0, 0, 1] as const };
  let handle: number | undefined;
  await editor.perform("Rotate “box”", async (step) => {
    handle = (await step.give(room.submit(turn)))?.handle;
  });
  expect(said("set_transform", { blocker }, handle)).toContain("Your rotation of “box” lost to Grace");
  expect(said("set_material", { blocker: { ...blocker, component: "material" } })).toBe(
    "Your change of the material of “box” lost to Grace, who changed its material meanwhile.",
  );
  expect(said("set_light", { blocker, status: "rejected", reason: "changed_by_other" })).toContain("not go through");
  expect(said("translate_by", { blocker, status: "applied" })).toContain("left out “box”: Grace");
  expect(said("set_parent_of_tomorrow", {})).toBe("Your edit did not go through.");
  room.remote({ command: "delete_entities", targets: ids });
  expect(said("rename_entity", { blocker: { ...blocker, component: "name" } })).toContain("something that was deleted");
  const gone = { blocker: { ...blocker, component: "existence" }, reason: "no_such_entity" };
  expect(said("rename_entity", { ...gone, status: "rejected" })).toBe(
    "Your renaming did not go through: Grace has deleted its object.",
  );
});

test("WhoIsPutOutIsToldSoAndCanExportButNotTryAgain", () => {
  const { room, editor, show } = open();
  room.setStatus({ phase: "offline", put_out: true, will_retry: true, text: "revoked", queued_commands: 2 });
  show(<Banners />);
  expect(screen.getByRole("status").textContent).toContain(
    "An admin has taken your access to this room. Ask an admin to give it back. 2 edits wait on this device",
  );
  expect(screen.getAllByRole("button").map(({ textContent }) => textContent)).toEqual(["Export the scene"]);
  expect(editor.readOnly.value).toContain("taken your access");
});

test("TheWriterCanBeTakenOver", async () => {
  const { room, show, user } = open();
  room.setStatus({ writer: false });
  show(<Banners />);
  await user.click(screen.getByRole("button", { name: "Edit here instead" }));
  expect(room.status.writer).toBe(true);
});

test("AnAdminChangesRolesAndPutsPeopleOut", async () => {
  const { room, show, user } = open();
  room.join({ session: 2 });
  show(<People />);
  await user.click(screen.getByRole("button", { name: "Manage Grace" }));
  await user.click(screen.getByRole("menuitemcheckbox", { name: "Make viewer" }));
  expect(room.submitted.at(-1)).toEqual({ command: "grant_role", author: OTHER, role: "viewer" });
  await user.click(screen.getByRole("button", { name: "Manage Grace" }));
  await user.click(screen.getByRole("menuitem", { name: "Put out…" }));
  await user.click(screen.getByRole("button", { name: "Put out" }));
  expect(room.submitted.at(-1)).toEqual({ command: "revoke_role", author: OTHER });
});

test("TheViewOfSomebodyIsFollowedAndLeft", async () => {
  const { room, editor, show, user } = open();
  room.join({ session: 2, presence: { view: { position: [0, 0, 0], rotation: [0, 0, 0, 1] } } });
  show(<People />);
  await user.click(screen.getByRole("button", { name: "Follow the view of Grace" }));
  expect(editor.following.value).toBe(2);
  await user.click(await screen.findByRole("button", { name: "Stop following Grace" }));
  expect(editor.following.value).toBeNull();
});

test("AnInviteHasARoleAnEndAndUses", async () => {
  const { room, show, user } = open();
  show(<InviteDialog onClose={() => undefined} />);
  await user.selectOptions(screen.getByLabelText("They become"), "viewer");
  await user.selectOptions(screen.getByLabelText("The link ends"), "never");
  await user.selectOptions(screen.getByLabelText("It can be used"), "1");
  await user.click(screen.getByRole("button", { name: "Make a link" }));
  expect(room.invites).toEqual([{ role: "viewer", expiresAt: null, uses: 1 }]);
  expect(screen.getByLabelText<HTMLInputElement>("For browsers").value).toContain("https://");
  expect(screen.getByLabelText<HTMLInputElement>("For native programs").value).toContain("theta://");
});

test("AnInviteThatPeopleCameByCanBeRevoked", async () => {
  const { room, show, user } = open();
  room.members = [
    ...room.members,
    { author: OTHER, name: "Grace", role: "editor", selection: [], invite: "ee".repeat(32) },
  ];
  room.emit("members", room.members);
  show(<InviteDialog onClose={() => undefined} />);
  await user.click(screen.getByRole("button", { name: "Revoke" }));
  expect(room.submitted.at(-1)).toEqual({ command: "revoke_invite", invite: "ee".repeat(32) });
});

test("ThePaletteRunsWhatItFinds", async () => {
  const { editor, show, user } = open();
  show(<PaletteDialog onClose={() => undefined} />);
  await user.type(screen.getByRole("combobox"), "rotate{Enter}");
  expect(editor.tool.value).toBe("rotate");
});

test("MoveToOffersNoPlaceWithinWhatIsMoved", async () => {
  const { room, editor, show, user } = open();
  const { ids } = await room.create([{ name: "box" }, { name: "inside", parent_index: 0 }, { name: "shelf" }]);
  editor.selection.value = [ids[0] as string];
  show(<MoveToDialog onClose={() => undefined} />);
  expect(screen.getAllByRole("option").map((option) => option.textContent)).toEqual(["The top level", "shelf"]);
  await user.type(screen.getByRole("combobox"), "shelf{Enter}");
  await vi.waitFor(() => expect(room.scene.get(ids[0] as string)?.parent).toBe(ids[2]));
});

test("AJobShowsItsProgressAndIsCancelled", async () => {
  const { workspace, show, user } = open();
  show(<Jobs />);
  const result = workspace.runJob(
    "Import x.glb",
    (task) =>
      new Promise((_, reject) => {
        task.onProgress(0.5, "Reading");
        task.signal.addEventListener("abort", () => reject(new Error("aborted")));
      }),
  );
  await screen.findByText("Reading");
  await user.click(screen.getByRole("button", { name: "Cancel: Import x.glb" }));
  expect(await result).toBeNull();
  expect(workspace.toasts.shown.value.map(({ text }) => text)).toEqual(["Import x.glb: cancelled."]);
});

test("TheSelectionIsSharedOnceItRests", async () => {
  vi.useFakeTimers();
  const { room, editor } = open();
  const { ids } = await room.create([{}, {}]);
  const stop = shareSelection(editor);
  editor.selection.value = [ids[0] as string];
  editor.selection.value = ids;
  vi.advanceTimersByTime(300);
  expect(room.submitted.filter(({ command }) => command === "highlight_selection")).toEqual([
    { command: "highlight_selection", targets: ids },
  ]);
  stop();
  vi.useRealTimers();
});

test("ThePageAsksBeforeItGoesOnlyWhileEditsAreNotStored", () => {
  const { room, editor } = open();
  const stop = warnBeforeLosing(editor);
  const leave = () => {
    const event = new Event("beforeunload", { cancelable: true });
    window.dispatchEvent(event);
    return event.defaultPrevented;
  };
  expect(leave()).toBe(false);
  room.setStatus({ unstored_edits: 2 });
  expect(leave()).toBe(true);
  stop();
  expect(leave()).toBe(false);
});

test("TheStatusBarTellsTheTransportAndWhatIsPending", () => {
  const { room, show } = open();
  room.setStatus({ transport_kind: "websocket", queued_commands: 2, commands_in_flight: 1 });
  show(<StatusBar />);
  expect(screen.getByText("WebSocket")).toBeTruthy();
  expect(screen.getByText("3 pending")).toBeTruthy();
});

test("TheStatusBarCountsInWordsAndFilesWaitWhileThereIsNoHub", async () => {
  const { room, show } = open();
  await room.create([{ name: "box" }]);
  room.setStatus({ uploads: 2 });
  show(<StatusBar />);
  const bar = () => screen.getByLabelText("Status").textContent;
  expect(bar()).toContain("2 files go up");
  expect(bar()).toContain("1 object");
  expect(bar()).not.toContain("1 objects");
  room.goOffline();
  await vi.waitFor(() => expect(bar()).toContain("2 files wait"));
  room.setStatus({ uploads: 1 });
  await vi.waitFor(() => expect(bar()).toContain("1 file waits"));
});

test("AViewerIsNotToldToAddSomething", () => {
  const { room, show } = open();
  room.setStatus({ role: "viewer" });
  show(<Outliner />);
  expect(screen.getByText("Nothing here yet. What others add shows here.")).toBeTruthy();
});

test("ANameIsAskedForBeforeJoining", async () => {
  const user = userEvent.setup();
  const onJoin = vi.fn();
  render(<JoinPage room="ROOM" hub="hub.example" hasInvite name="" onJoin={onJoin} />);
  const join = screen.getByRole<HTMLButtonElement>("button", { name: "Join" });
  expect(join.disabled).toBe(true);
  await user.type(screen.getByLabelText("Your name"), "  Ada {Enter}");
  expect(onJoin).toHaveBeenCalledWith("Ada");
});
