import { expect, test } from "vitest";
import { assignColors, colorOf, contrast, kPersonColors } from "../src/colors.js";
import { kThemes } from "../src/theme.js";

const key = (first: string) => first.padEnd(64, "0");

test("EveryColorStandsOutFromThePanelsOfBothThemes", () => {
  for (const { fill, text } of kPersonColors) {
    for (const theme of Object.values(kThemes)) {
      expect(contrast(fill, theme.panel), `${fill} on ${theme.panel}`).toBeGreaterThanOrEqual(3);
    }
    expect(contrast(text, fill), `${text} on ${fill}`).toBeGreaterThanOrEqual(4.5);
  }
});

test("TwelvePeopleWithOnePreferenceGetTwelveColors", () => {
  const authors = kPersonColors.map((_, place) => key(`0000000c${place.toString(16)}`));
  expect(new Set(assignColors(authors).values()).size).toBe(kPersonColors.length);
});

test("ANewcomerChangesNobodysColor", () => {
  const before = assignColors([key("00000001"), key("00000002")]);
  const after = assignColors([key("00000001"), key("00000002"), key("0000000d")]);
  for (const [author, color] of before) expect(after.get(author)).toBe(color);
});

test("AKeyAloneGivesTheColorThatItPrefers", () => {
  expect(colorOf(key("00000005"))).toBe(assignColors([key("00000005")]).get(key("00000005")));
  expect(colorOf("")).toBe(kPersonColors[0]);
});
