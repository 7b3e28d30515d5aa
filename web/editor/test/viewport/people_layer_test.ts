import { expect, it } from "vitest";
import type { Participant } from "@theta/client";
import { PeopleLayer } from "../../src/viewport/people_layer.js";

const bob = (name: string, x: number): Participant => ({
  session: 2, author: "b", name, role: "editor", self: false,
  presence: { pointer: { origin: [0, 0, 0], target: [x, 0, 0] } },
});

it("tells what is worth a frame: who comes, moves, has another name, or goes; not who says the same again", () => {
  const people = new PeopleLayer(() => ({ fill: "#000", text: "#fff" }) as never);
  const hears = (nowMs: number, ...participants: Participant[]): boolean => {
    const isNews = people.hear(participants, nowMs);
    people.update(nowMs);
    return isNews;
  };
  expect(hears(0, bob("Bob", 0))).toBe(true);
  expect(hears(800, bob("Bob", 0))).toBe(false);
  expect(hears(900, bob("Bob", 1))).toBe(true);
  expect(hears(1700, bob("Bobby", 1))).toBe(true);
  expect(hears(2500)).toBe(true);
  expect(hears(2600)).toBe(false);
});
