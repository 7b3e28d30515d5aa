import type { Status } from "@theta/client";

/** Without a connection: what the scene shows and this device does not have; empty when there is nothing to say. */
export function missingText(status: Status, meshes: number, pictures: number): string {
  if (status.phase === "live" || status.downloads === 0 || meshes + pictures === 0) return "";
  const counts = [counted(meshes, "mesh", "meshes"), counted(pictures, "picture", "pictures")].filter(Boolean);
  const isOne = meshes + pictures === 1;
  const what = `${counts.join(" and ")} ${isOne ? "is" : "are"} not on this device.`;
  if (status.put_out || status.phase === "stopped") return what;
  return `${what} ${isOne ? "It comes" : "They come"} when you are back online.`;
}

function counted(count: number, one: string, many: string): string {
  return count === 0 ? "" : `${count} ${count === 1 ? one : many}`;
}

/** That sentence over the picture, told to screen readers too. */
export class MissingNote {
  readonly element = document.createElement("p");

  constructor() {
    this.element.className = "viewport-missing";
    this.element.role = "status";
    this.element.ariaLabel = "What is missing in the view";
  }

  get isShown(): boolean {
    return this.element.textContent !== "";
  }

  /** Returns whether it says something else now. */
  show(text: string): boolean {
    if (this.element.textContent === text) return false;
    this.element.textContent = text;
    return true;
  }
}
