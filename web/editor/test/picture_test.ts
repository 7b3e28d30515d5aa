import { expect, it } from "vitest";
import { checkPicture, kPicturePixelsMax, pictureSize } from "../src/picture.js";
import { pngStart } from "./picture.js";

/** A JPEG up to its frame header: JFIF, a fill byte, a table, then the size. */
function jpegStart(width: number, height: number, marker = 0xc2): Uint8Array {
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  const table = [0xff, 0xff, 0xc4, 0, 4, 1, 2];
  return Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 4, 9, 9, ...table, 0xff, marker, 0, 17, 8, ...size, 3, 0);
}

it("reads the size of a picture from its first bytes", () => {
  expect(pictureSize(pngStart(640, 480))).toEqual({ width: 640, height: 480 });
  expect(pictureSize(jpegStart(640, 480))).toEqual({ width: 640, height: 480 });
  // Somewhere in a larger piece of memory.
  const within = new Uint8Array(100);
  within.set(pngStart(3, 5), 10);
  expect(pictureSize(within.subarray(10))).toEqual({ width: 3, height: 5 });
});

it("reads nothing from what is no picture, or a torn one", () => {
  const torn = [pngStart(1, 1).subarray(0, 32), pngStart(0, 7), jpegStart(8, 8).subarray(0, 20), jpegStart(8, 0)];
  const gif = new TextEncoder().encode(`GIF89a${"x".repeat(40)}`);
  const junk = [new Uint8Array(0), gif, Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 1)];
  for (const bytes of [...torn, ...junk]) expect(pictureSize(bytes)).toBeNull();
  const fill = new Uint8Array(100_000).fill(0xff);
  fill[1] = 0xd8;
  expect(pictureSize(fill)).toBeNull();
});

it("takes a picture at the bound and refuses one above, with a sentence", () => {
  const side = Math.sqrt(kPicturePixelsMax);
  expect(() => checkPicture(pngStart(side, side))).not.toThrow();
  const sentence = "expected at most 67,108,864 pixels, got 8,192 by 8,193; make the picture smaller";
  expect(() => checkPicture(pngStart(side, side + 1))).toThrow(sentence);
  expect(() => checkPicture(pngStart(0xffff_ffff, 0xffff_ffff))).toThrow("make the picture smaller");
  expect(() => checkPicture(jpegStart(65_535, 65_535))).toThrow("65,535 by 65,535");
  const seven = "expected a PNG or JPEG picture, got 7 bytes of something else";
  expect(() => checkPicture(new Uint8Array(7))).toThrow(seven);
});
