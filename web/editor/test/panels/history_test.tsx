import { fireEvent, screen, within } from "@testing-library/preact";
import type { HistoryCommand, HistoryEntry } from "@theta/client";
import { expect, test, vi } from "vitest";
import History, { LookBackBar } from "../../src/panels/history.js";
import { NamesOfThings, rowsOfHistory } from "../../src/panels/history_rows.js";
import { OTHER, SELF } from "../fake_room.js";
import { FakeScene } from "../fake_scene.js";
import { open } from "./open.js";

function command(name: string, targets: readonly string[], more: Partial<HistoryCommand> = {}): HistoryCommand {
  return { command: name, targets, count: targets.length, text: name, ...more };
}

/** Records a second apart, given oldest first as they happen; told newest first as they are shown. */
function log(...records: readonly (readonly HistoryCommand[])[]): HistoryEntry[] {
  return records
    .map((commands, at) => ({
      seq: at + 1, time_ms: at * 1000, author: SELF, author_name: "Ann", commands, archived: false,
    }))
    .reverse();
}

function told(entries: readonly HistoryEntry[], scene = new FakeScene()): string[] {
  return rowsOfHistory(entries, new NamesOfThings(scene, entries)).map(({ text }) => text);
}

test("TheHistoryLeavesOutWhatChangesNothing", () => {
  const entries = log(
    [command("create_entities", ["1:1"], { names: ["box"] })],
    [command("highlight_selection", ["1:1"]), command("activate_tool", [])],
    [command("translate_by", ["1:1"]), command("highlight_selection", [])],
    [command("deactivate_tool", [])],
  );
  expect(told(entries)).toEqual(["moved “box”", "added “box”"]);
});

test("AnImportOfSeveralCommandsIsOneRowAndThingsAddedByHandAreNot", () => {
  const ids = Array.from({ length: 20 }, (_, at) => `1:${at + 1}`);
  const names = ["engine", ...Array.from({ length: 19 }, (_, at) => `part ${at}`)];
  const imported = log(
    [command("create_entities", ids, { names })],
    [command("create_entities", ["1:21"], { names: ["bolt"] })],
  );
  expect(told(imported)).toEqual(["added 21 objects (engine, part 0 …)"]);
  const byHand = log(
    [command("create_entities", ["1:1"], { names: ["Cube"] })],
    [command("create_entities", ["1:2"], { names: ["Sphere"] })],
  );
  expect(told(byHand)).toEqual(["added “Sphere”", "added “Cube”"]);
});

test("WhatWasDeletedIsCalledByTheNameThatItHad", () => {
  const entries = log(
    [command("create_entities", ["1:1", "1:2"], { names: ["box", "lid"] })],
    [command("rename_entity", ["1:1"], { names: ["chest"] })],
    [command("delete_entities", ["1:1", "1:2"])],
    [command("delete_entities", ["9:9"])],
  );
  expect(told(entries)).toEqual([
    "deleted an object without a name",
    "deleted 2 objects (chest, lid)",
    "renamed an object to “chest”",
    "added 2 objects (chest, lid)",
  ]);
});

test("TheSameDoneToTheSameThingsInARowIsOneRow", () => {
  const move = [command("translate_by", ["1:1"])];
  const others = [command("translate_by", ["1:2"])];
  expect(told(log(move, move, move, others, move))).toEqual([
    "moved an object without a name",
    "moved an object without a name",
    "moved an object without a name (3 times)",
  ]);
  const [newer, older] = log(move, move) as [HistoryEntry, HistoryEntry];
  expect(told([{ ...newer, time_ms: older.time_ms + 3_600_000 }, older])).toHaveLength(2);
  expect(told([{ ...newer, author: OTHER }, older])).toHaveLength(2);
  const hide = [command("set_visibility", ["1:1"], { text: "hid “a”" })];
  const show = [command("set_visibility", ["1:1"], { text: "showed “a”" })];
  expect(told(log(hide, hide, show))).toEqual(["showed an object without a name", expect.stringMatching(/^hid .*2 t/)]);
  expect(told(log([command("undo", [])], [command("undo", [])], [command("redo", [])]))).toEqual([
    "did a step again",
    "took 2 steps back",
  ]);
});

test("TheRoomsOwnRecordsAreToldInTheirWords", () => {
  const entries = log(
    [command("open_room", [], { text: "opened the room “Studio”" })],
    [command("grant_role", [], { text: "made Bob admin" })],
  );
  expect(told(entries)).toEqual(["made Bob admin", "opened the room “Studio”"]);
  const archived = entries.map((entry) => ({ ...entry, archived: true, commands: [] }));
  expect(told(archived)).toEqual(["did what is archived by now (2 records)"]);
});

test("TheHistoryIsFilteredAndLookedBackAt", async () => {
  const { room, editor, show, user } = open();
  const { ids } = await room.create([{ name: "first" }]);
  room.join({ session: 2 });
  room.remote({ command: "rename_entity", target: ids[0] as string, name: "second" });
  show(
    <>
      <LookBackBar />
      <History />
    </>,
  );
  await screen.findByText("renamed an object to “second”");
  await user.selectOptions(screen.getByLabelText("By"), SELF);
  expect(screen.queryByText("renamed an object to “second”")).toBeNull();
  const entry = screen.getByText("added “second”").closest("li") as HTMLElement;
  await user.click(within(entry).getByRole("button"));
  await screen.findByRole("group", { name: "Looking back" });
  expect(editor.scene.value.get(ids[0] as string)?.name).toBe("first");
  expect(editor.readOnly.value).toContain("past");
  await user.click(screen.getByRole("button", { name: "Back to now" }));
  expect(editor.scene.value.get(ids[0] as string)?.name).toBe("second");
});

test("OfAHundredThousandRecordsOnlyWhatIsSeenIsInThePageAndTheRestComesAsItIsScrolledTo", async () => {
  const { room, show } = open();
  const count = 100_000;
  room.setStatus({ head: count });
  room.history = (from, number) => {
    const entries = Array.from({ length: Math.min(number, count - from + 1) }, (_, at): HistoryEntry => ({
      seq: from + at, time_ms: (from + at) * 1000, author: SELF, author_name: "Ann", archived: false,
      commands: [command("create_entities", [`1:${from + at}`], { names: [`thing ${from + at}`] })],
    }));
    return Promise.resolve({ head: count, entries });
  };
  const { container } = show(
    <div class="tab-panel">
      <History />
    </div>,
  );
  const list = await screen.findByRole("list", { name: "Records, newest first" });
  const rows = () => [...list.querySelectorAll("li")];
  await screen.findByText("added “thing 100000”");
  const sizeOf = () => Number(rows()[0]?.getAttribute("aria-setsize"));
  expect(sizeOf()).toBe(100);
  for (let before = 0; sizeOf() < count; before = sizeOf()) {
    await vi.waitFor(() => expect(screen.queryByText("Reading…")).toBeNull());
    list.getBoundingClientRect = () => ({ top: -1e9 }) as DOMRect;
    fireEvent.scroll(container.firstElementChild as Element);
    await vi.waitFor(() => expect(sizeOf()).toBeGreaterThan(before));
  }
  await screen.findByText("added “thing 1”");
  expect(rows().length).toBeLessThan(100);
});
