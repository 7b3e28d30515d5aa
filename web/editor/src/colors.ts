import type { AuthorKey } from "@theta/client";

/** How a person is marked wherever they appear. Written as CSS takes it; three.js reads the same string. */
export interface PersonColor {
  readonly fill: string;
  /** For text on `fill`. */
  readonly text: string;
}

/**
 * Twelve hues of nearly one lightness, in an order that puts neighbours far apart. Each has a contrast of 3:1 or more
 * against the panels of both themes, so that one colour serves a person everywhere.
 */
export const kPersonColors: readonly PersonColor[] = [
  "#2f8ae0",
  "#d9603b",
  "#1c9a6c",
  "#c252b4",
  "#a8800c",
  "#7d70ea",
  "#d84a72",
  "#12949f",
  "#6d9426",
  "#b0713c",
  "#a65fd8",
  "#5784b8",
].map((fill) => ({ fill, text: "#000000" }));

/** Spreads keys over the palette; keys are random, so their first digits are enough. */
function preferredPlace(author: AuthorKey): number {
  return Number.parseInt(author.slice(0, 8), 16) % kPersonColors.length || 0;
}

/**
 * Everybody's colour. A person gets the colour of their key, or the next one that nobody before them in the list has,
 * so that twelve people differ; whoever is given in the same order elsewhere looks the same there.
 */
export function assignColors(authors: Iterable<AuthorKey>): ReadonlyMap<AuthorKey, PersonColor> {
  const colors = new Map<AuthorKey, PersonColor>();
  const taken = new Set<number>();
  for (const author of authors) {
    if (colors.has(author)) continue;
    let place = preferredPlace(author);
    for (let step = 0; step < kPersonColors.length && taken.has(place); ++step) {
      place = (place + 1) % kPersonColors.length;
    }
    taken.add(place);
    colors.set(author, colorAt(place));
  }
  return colors;
}

/** For somebody who is in no list: a writer of long ago. */
export function colorOf(author: AuthorKey): PersonColor {
  return colorAt(preferredPlace(author));
}

function colorAt(place: number): PersonColor {
  return kPersonColors[place % kPersonColors.length] as PersonColor;
}

/** WCAG 2 contrast of two colours written as `#rrggbb`. */
export function contrast(first: string, second: string): number {
  const [low, high] = [luminance(first), luminance(second)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(color: string): number {
  const value = Number.parseInt(color.slice(1), 16);
  const linear = [value >> 16, (value >> 8) & 255, value & 255].map((byte) => {
    const part = byte / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0);
}
