import { fireEvent, render, screen } from "@testing-library/preact";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { Segmented } from "../../src/components/button.js";
import { hexToLinear, linearToHex } from "../../src/components/color_field.js";
import { Dialog } from "../../src/components/dialog.js";
import { TextField, Toggle } from "../../src/components/fields.js";
import { MenuButton } from "../../src/components/menu.js";
import { NumberField } from "../../src/components/number_field.js";
import { Tabs } from "../../src/components/tabs.js";
import { Toasts } from "../../src/components/toast.js";
import { signal } from "@preact/signals";
import { Splitter } from "../../src/components/splitter.js";

test("AMenuIsOpenedMovedInAndLeftByKeys", async () => {
  const user = userEvent.setup();
  const run = vi.fn();
  render(
    <MenuButton
      label="Things"
      icon="plus"
      entries={() => [
        { label: "Apple", run },
        "separator",
        { label: "Banana", run: () => run("banana") },
        { label: "Cherry", disabled: true, run },
      ]}
    />,
  );
  const button = screen.getByRole("button", { name: "Things" });
  button.focus();
  await user.keyboard("{ArrowDown}");
  expect(button.getAttribute("aria-expanded")).toBe("true");
  expect(document.activeElement?.textContent).toContain("Apple");
  await user.keyboard("{ArrowUp}");
  expect(document.activeElement?.textContent).toContain("Cherry");
  await user.keyboard("{Enter}");
  expect(run).not.toHaveBeenCalled();
  await user.keyboard("b{Enter}");
  expect(run).toHaveBeenCalledWith("banana");
  expect(screen.queryByRole("menu")).toBeNull();
  expect(document.activeElement).toBe(button);
  await user.keyboard("{ArrowDown}{Escape}");
  expect(screen.queryByRole("menu")).toBeNull();
});

test("AScrubIsPreviewedAndCommittedOnce", () => {
  const [onPreview, onCommit] = [vi.fn(), vi.fn()];
  render(<NumberField label="X" value={1} step={0.1} onPreview={onPreview} onCommit={onCommit} />);
  const field = screen.getByRole("spinbutton", { name: "X" });
  fireEvent.pointerDown(field, { pointerId: 1, clientX: 100, button: 0 });
  fireEvent.pointerMove(document.body, { pointerId: 1, clientX: 108 });
  fireEvent.pointerMove(document.body, { pointerId: 1, clientX: 124 });
  expect(onPreview).toHaveBeenCalledTimes(2);
  expect(onCommit).not.toHaveBeenCalled();
  fireEvent.pointerUp(document.body, { pointerId: 1, clientX: 124 });
  expect(onCommit.mock.calls).toEqual([[1.3]]);
});

test("AScrubIsGivenUpByEscapeAndAClickIsForTyping", () => {
  const [onCancel, onCommit] = [vi.fn(), vi.fn()];
  render(<NumberField label="X" value={1} onCancel={onCancel} onCommit={onCommit} />);
  const field = screen.getByRole("spinbutton", { name: "X" });
  fireEvent.pointerDown(field, { pointerId: 1, clientX: 0, button: 0 });
  fireEvent.pointerMove(document.body, { pointerId: 1, clientX: 40 });
  fireEvent.keyDown(document.body, { key: "Escape" });
  fireEvent.pointerUp(document.body, { pointerId: 1, clientX: 40 });
  expect(onCancel).toHaveBeenCalledOnce();
  expect(onCommit).not.toHaveBeenCalled();
  fireEvent.pointerDown(field, { pointerId: 1, clientX: 0, button: 0 });
  fireEvent.pointerUp(document.body, { pointerId: 1, clientX: 1 });
  expect(document.activeElement).toBe(field);
});

test("ATypedNumberIsCommittedAndNonsenseIsMarked", async () => {
  const user = userEvent.setup();
  const onCommit = vi.fn();
  render(<NumberField label="X" value={null} unit="length" min={0} onCommit={onCommit} />);
  const field = screen.getByRole("spinbutton", { name: "X" });
  expect(field.getAttribute("placeholder")).toBe("mixed");
  field.focus();
  await user.keyboard("2*50cm{Enter}");
  expect(onCommit).toHaveBeenLastCalledWith(1);
  await user.clear(field);
  await user.keyboard("-4{Enter}");
  expect(onCommit).toHaveBeenLastCalledWith(0);
  await user.clear(field);
  await user.keyboard("two{Enter}");
  expect(onCommit).toHaveBeenCalledTimes(2);
  expect(field.getAttribute("aria-invalid")).toBe("true");
});

test("ArrowKeysStepANumber", async () => {
  const user = userEvent.setup();
  const onCommit = vi.fn();
  render(<NumberField label="X" value={1} step={0.5} onCommit={onCommit} />);
  screen.getByRole("spinbutton").focus();
  await user.keyboard("{ArrowUp}{Shift>}{ArrowDown}{/Shift}");
  expect(onCommit.mock.calls).toEqual([[1.5], [0.95]]);
});

test("TextIsGivenUpByEscape", async () => {
  const user = userEvent.setup();
  const [onCommit, onCancel] = [vi.fn(), vi.fn()];
  render(<TextField label="Name" value="old" onCommit={onCommit} onCancel={onCancel} autofocus />);
  await user.keyboard("new{Escape}");
  expect(onCommit).not.toHaveBeenCalled();
  expect(onCancel).toHaveBeenCalledOnce();
  screen.getByRole("textbox").focus();
  await user.clear(screen.getByRole("textbox"));
  await user.keyboard("new{Enter}");
  expect(onCommit).toHaveBeenCalledWith("new");
});

test("OneOfSeveralIsChosenByArrowKeys", async () => {
  const user = userEvent.setup();
  const onChange = vi.fn();
  render(
    <Segmented
      label="Tool"
      value="a"
      onChange={onChange}
      choices={[
        { value: "a", label: "A", icon: "move" },
        { value: "b", label: "B", icon: "scale" },
      ]}
    />,
  );
  expect(screen.getByRole("radio", { name: "A" }).getAttribute("aria-checked")).toBe("true");
  screen.getByRole("radio", { name: "A" }).focus();
  await user.keyboard("{ArrowLeft}");
  expect(onChange).toHaveBeenCalledWith("b");
});

test("TabsNameTheirPanelAndMoveByArrowKeys", async () => {
  const user = userEvent.setup();
  const onChange = vi.fn();
  render(
    <Tabs
      label="Side"
      active="one"
      onChange={onChange}
      tabs={[
        { name: "one", label: "One" },
        { name: "two", label: "Two" },
      ]}
    >
      text
    </Tabs>,
  );
  expect(screen.getByRole("tabpanel", { name: "One" }).textContent).toBe("text");
  screen.getByRole("tab", { name: "One" }).focus();
  await user.keyboard("{ArrowRight}");
  expect(onChange).toHaveBeenCalledWith("two");
});

test("ADialogBeginsWithWhatItIsAboutAndIsClosedByItsButton", async () => {
  const onClose = vi.fn();
  render(
    <Dialog title="Ask" onClose={onClose}>
      <input aria-label="answer" />
    </Dialog>,
  );
  expect(screen.getByRole("dialog", { name: "Ask" })).toBeTruthy();
  expect(document.activeElement).toBe(screen.getByLabelText("answer"));
  await userEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(onClose).toHaveBeenCalledOnce();
});

test("MixedValuesShowAsNeitherOnNorOff", () => {
  render(<Toggle label="Visible" checked={null} onChange={() => undefined} />);
  expect(screen.getByRole<HTMLInputElement>("checkbox").indeterminate).toBe(true);
});

test("ColorsSurviveTheWayToTheScreenAndBack", () => {
  for (const hex of ["#000000", "#ffffff", "#123456", "#fe7f01"]) {
    expect(linearToHex(hexToLinear(hex) as [number, number, number])).toBe(hex);
  }
  expect(linearToHex(hexToLinear("f80") as [number, number, number])).toBe("#ff8800");
  expect(hexToLinear("#12345")).toBeUndefined();
  expect(linearToHex([2, -1, 0.5])).toBe("#ff00bc");
});

test("APanelsWidthChangesByKeysWithinItsBounds", async () => {
  const user = userEvent.setup();
  const width = signal(200);
  render(<Splitter label="Width" width={width} min={180} max={210} initial={200} side="left" />);
  screen.getByRole("separator").focus();
  await user.keyboard("{ArrowRight}");
  expect(width.value).toBe(210);
  await user.keyboard("{ArrowLeft}{ArrowLeft}{ArrowLeft}");
  expect(width.value).toBe(180);
});

test("OldToastsMakeRoomAndEqualOnesAreOne", () => {
  vi.useFakeTimers();
  const toasts = new Toasts();
  for (const text of ["a", "b", "c", "d", "e", "e"]) toasts.show("info", text);
  expect(toasts.shown.value.map(({ text }) => text)).toEqual(["b", "c", "d", "e"]);
  vi.runAllTimers();
  expect(toasts.shown.value).toEqual([]);
  vi.useRealTimers();
});

test("WhatIsBeingTypedStaysWhileOthersChangeThingsAndThePanelIsDrawnAgain", () => {
  const commits: (string | number)[] = [];
  const fields = (value: number) => (
    <>
      <TextField label="Name" value="old" onCommit={(text) => void commits.push(text)} />
      <NumberField label="Width" value={value} onCommit={(number) => void commits.push(number)} />
    </>
  );
  const { rerender } = render(fields(1));
  const name = screen.getByLabelText<HTMLInputElement>("Name");
  const width = screen.getByLabelText<HTMLInputElement>("Width");
  fireEvent.input(name, { target: { value: "new" } });
  fireEvent.input(width, { target: { value: "7" } });
  rerender(fields(2));
  expect([name.value, width.value]).toEqual(["new", "7"]);
  fireEvent.blur(name);
  fireEvent.blur(width);
  expect(commits).toEqual(["new", 7]);
  rerender(fields(3));
  expect([name.value, width.value]).toEqual(["old", "3"]);
});
