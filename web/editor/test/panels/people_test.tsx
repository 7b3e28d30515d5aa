import { screen, within } from "@testing-library/preact";
import type { Member } from "@theta/client";
import { expect, test } from "vitest";
import { menuItem } from "../../src/actions/index.js";
import type { MenuItem } from "../../src/components/menu.js";
import InviteDialog from "../../src/panels/invite_dialog.js";
import { People } from "../../src/panels/people.js";
import { OTHER } from "../fake_room.js";
import { open } from "./open.js";

function manyMembers(count: number): Member[] {
  return Array.from({ length: count }, (_, at) => ({
    author: at.toString(16).padStart(64, "0"), name: `Member ${at}`, role: "editor", selection: [],
    invite: "ee".repeat(32),
  }));
}

test("WhoIsNoAdminCannotManageAnybodyButLearnsWhoCan", async () => {
  const { room, workspace, show, user } = open();
  room.join({ session: 2, role: "admin" });
  room.setStatus({ role: "editor" });
  show(<People />);
  expect(screen.queryByRole("button", { name: "Manage Grace" })).toBeNull();
  await user.click(screen.getByRole("button", { name: "Invite people" }));
  expect(workspace.dialog.value).toBe("invite");
});

test("WhoCannotInviteIsToldWhoCanAndWhatToAskFor", async () => {
  const { room, show, user, workspace } = open();
  room.setStatus({ role: "editor" });
  room.members = [
    { author: "c3".repeat(32), name: "Zoe", role: "admin", selection: [] },
    { author: OTHER, name: "Grace", role: "admin", selection: [] },
    ...room.members.map((member) => ({ ...member, role: "editor" as const })),
  ];
  room.emit("members", room.members);
  room.join({ session: 2, role: "admin" });
  show(<InviteDialog onClose={() => undefined} />);
  const dialog = screen.getByRole("dialog", { name: "Only admins can invite" });
  expect(dialog.textContent).toContain("You are an editor in this room.");
  expect(dialog.textContent).toContain("send an invite for you, or to make you an admin");
  const admins = within(screen.getByRole("list", { name: "Admins of this room" })).getAllByRole("listitem");
  expect(admins.map(({ textContent }) => textContent)).toEqual(["Gracehere now", "Zoeaway"]);
  await user.click(screen.getByRole("button", { name: "Show everybody" }));
  expect(workspace.sideTab.value).toBe("people");
});

test("WhatIsGreyInAMenuSaysWhy", async () => {
  const { room, workspace } = open();
  await room.create([{ name: "a" }]);
  const hint = (id: string) => (menuItem(workspace, id) as MenuItem).hint;
  expect(hint("file.import")).toBe("");
  room.setStatus({ role: "viewer" });
  expect(hint("file.import")).toBe("You are a viewer in this room.");
  expect(hint("file.export")).toBe("");
});

test("OfFourThousandMembersOnlyThoseThatAreSeenAreInThePage", () => {
  const { room, show } = open();
  room.members = [...room.members, ...manyMembers(4095)];
  room.emit("members", room.members);
  const others = Array.from({ length: 4094 }, (_, at) => ({
    session: at + 2, author: `${at}`, name: "", role: "viewer" as const, self: false,
  }));
  room.participants = [...room.participants, ...others];
  room.emit("participants", room.participants);
  show(<People />);
  expect(screen.getByText("Away (4095)")).toBeTruthy();
  expect(screen.getByText("Here now (4095)")).toBeTruthy();
  const here = within(screen.getByRole("list", { name: "People here now" })).getAllByRole("listitem");
  expect(here[0]?.getAttribute("aria-setsize")).toBe("4095");
  expect(screen.getAllByRole("listitem").length).toBeLessThan(120);
});

test("AnInviteThatThousandsCameByNamesAFew", () => {
  const { room, show } = open();
  room.members = [...room.members, ...manyMembers(2000)];
  room.emit("members", room.members);
  show(<InviteDialog onClose={() => undefined} />);
  expect(screen.getByText("Member 0, Member 1, Member 2, Member 3 and 1,996 more")).toBeTruthy();
});
