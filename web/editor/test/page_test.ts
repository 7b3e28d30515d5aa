import { expect, test } from "vitest";
import html from "../index.html?raw";

const page = new DOMParser().parseFromString(html, "text/html");

test("ThePageNeedsNothingThatTheHubsPolicyForbids", () => {
  expect([...page.querySelectorAll("script")].filter((script) => !script.hasAttribute("src"))).toEqual([]);
  expect([...page.querySelectorAll("style, [style]")]).toEqual([]);
  const attributes = [...page.querySelectorAll("*")].flatMap((node) => node.getAttributeNames());
  expect(attributes.filter((name) => name.startsWith("on"))).toEqual([]);
  expect(html).not.toMatch(/data:|https?:\/\//);
});

test("APageWithoutScriptSaysWhatItNeeds", () => {
  expect(page.querySelector("noscript")).not.toBeNull();
  expect(page.querySelector(".gate-late")?.textContent).toContain("WebAssembly");
});
