/** What to do about a file that is not what its name says; most programs write it right the second time. */
export const kExportAgain = "Export it again from the program that it comes from.";
/** What to do about points or lines: Theta draws surfaces. */
export const kMakeSurface = "Make a surface of it in the program that it comes from: Theta shows what has faces.";

/** Why a file is no model: what was expected, what came, and what to do about it. */
export class Unusable extends Error {
  constructor(expected: string, got: string, advice = kExportAgain) {
    super(`expected ${expected}, got ${got}. ${advice}`);
    this.name = "Unusable";
  }
}
