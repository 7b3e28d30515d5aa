import { expect, test } from "vitest";
import { formatNumber, parseNumber } from "../../src/components/number_text.js";

test("NumbersAreReadInTheUnitThatTheyAreWrittenWith", () => {
  expect(parseNumber("1.5", "length")).toBe(1.5);
  expect(parseNumber("30 cm", "length")).toBeCloseTo(0.3);
  expect(parseNumber("2ft", "length")).toBeCloseTo(0.6096);
  expect(parseNumber("0.5 rad", "angle")).toBeCloseTo(28.6479);
  expect(parseNumber("90°", "angle")).toBe(90);
  expect(parseNumber("1,5", "length")).toBe(1.5);
  expect(parseNumber("50 %", "none")).toBe(0.5);
});

test("ArithmeticFollowsItsRules", () => {
  expect(parseNumber("1 + 2*3", "none")).toBe(7);
  expect(parseNumber("(1+2)*3", "none")).toBe(9);
  expect(parseNumber("10/4/5", "none")).toBe(0.5);
  expect(parseNumber("-(2-5)", "none")).toBe(3);
  expect(parseNumber("1 m + 20 cm", "length")).toBeCloseTo(1.2);
  expect(parseNumber("pi/2 ", "none")).toBeCloseTo(Math.PI / 2);
  expect(parseNumber("(1+1) cm", "length")).toBeCloseTo(0.02);
});

test("ALeadingOperatorWithEqualsChangesTheCurrentValue", () => {
  expect(parseNumber("+= 2", "none", 3)).toBe(5);
  expect(parseNumber("-=1", "none", 3)).toBe(2);
  expect(parseNumber("*= 1/2", "none", 3)).toBe(1.5);
});

test("WhatIsNoNumberIsRefused", () => {
  for (const text of [
    "",
    "  ",
    "abc",
    "1 +",
    "(1",
    "1)",
    "1..2",
    "1 2",
    "1 parsec",
    "1/0",
    "0/0",
    "alert(1)",
    "constructor",
  ]) {
    expect(parseNumber(text, "length"), text).toBeUndefined();
  }
  expect(parseNumber("(".repeat(5000) + "1", "none")).toBeUndefined();
});

test("NumbersAreShownWithoutNoise", () => {
  expect(formatNumber(0.1 + 0.2)).toBe("0.3");
  expect(formatNumber(-0)).toBe("0");
  expect(formatNumber(-0.0000001)).not.toBe("0");
  expect(formatNumber(1200)).toBe("1200");
  expect(formatNumber(12.34567, 2)).toBe("12.35");
});
