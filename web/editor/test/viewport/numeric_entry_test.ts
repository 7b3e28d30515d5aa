import { describe, expect, it } from "vitest";
import { NumericEntry } from "../../src/viewport/numeric_entry.js";

function typed(fields: number, keys: string): NumericEntry {
  const entry = new NumericEntry(fields);
  for (const key of keys.split(" ")) entry.key(key);
  return entry;
}

describe("numeric entry", () => {
  it("reads a number with a point or a comma", () => {
    expect(typed(1, "1 . 5").values()).toEqual([1.5]);
    expect(typed(1, "1 , 5").values()).toEqual([1.5]);
  });

  it("turns the sign around wherever it is typed", () => {
    expect(typed(1, "2 -").values()).toEqual([-2]);
    expect(typed(1, "- 2 -").values()).toEqual([2]);
  });

  it("goes on to the next field with Tab, and around", () => {
    expect(typed(3, "1 Tab 2 Tab Tab 5").values()).toEqual([15, 2, null]);
  });

  it("is not active before a key and after all were taken back", () => {
    expect(typed(1, "Tab").isActive).toBe(false);
    expect(typed(1, "4 Backspace").isActive).toBe(false);
  });

  it("leaves other keys alone and ignores a second point", () => {
    const entry = new NumericEntry(1);
    expect(entry.key("g")).toBe(false);
    expect(entry.key("Backspace")).toBe(false);
    expect(typed(1, "1 . 2 . 3").values()).toEqual([1.23]);
  });

  it("takes sixteen characters and no more", () => {
    const entry = typed(1, "1 ".repeat(30).trim());
    expect(entry.values()).toEqual([1111111111111111]);
  });

  it("shows where the next digit goes", () => {
    expect(typed(2, "1 Tab").text(["X", "Y"], " m")).toBe("X 1 m  Y 0▏ m");
  });
});
