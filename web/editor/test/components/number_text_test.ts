import { expect, test } from "vitest";
import { briefNumber, formatNumber, parseNumber } from "../../src/components/number_text.js";

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

test("ANarrowFieldShowsWhatFitsAndNoOtherNumber", () => {
  const brief = (value: number) => briefNumber(value, 3, 6);
  expect([0, 1, -12.345, 1.0006, 123.4567].map(brief)).toEqual(["0", "1", "-12.35", "1.001", "123.46"]);
  expect([1234.567, -1234.567, 1234567, -1234567].map(brief)).toEqual(["1234.6", "-1235", "1.23e6", "-1.2e6"]);
  expect([0.00012, -0.0000012, 4.2e-9].map(brief)).toEqual(["1.2e-4", "-1e-6", "4.2e-9"]);
  for (let value = 1e-9; value < 1e12; value *= 7.3) {
    for (const each of [value, -value]) {
      expect(brief(each).length, `${each}`).toBeLessThanOrEqual(6);
      // Of what is next to nothing no more than one digit fits.
      const slack = value < 0.01 ? 0.5 : 0.06;
      expect(Math.abs(Number(brief(each)) / each - 1), `${each}`).toBeLessThan(slack);
    }
  }
});

test("NumbersAreShownWithoutNoise", () => {
  expect(formatNumber(0.1 + 0.2)).toBe("0.3");
  expect(formatNumber(-0)).toBe("0");
  expect(formatNumber(-0.0000001)).not.toBe("0");
  expect(formatNumber(1200)).toBe("1200");
  expect(formatNumber(12.34567, 2)).toBe("12.35");
});
