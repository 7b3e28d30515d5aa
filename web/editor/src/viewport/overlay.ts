import type { Point } from "./gizmo_hit.js";

const kSvg = "http://www.w3.org/2000/svg";

export interface PersonMark {
  readonly name: string;
  readonly color: { readonly fill: string; readonly text: string };
  readonly at: Point;
  readonly opacity: number;
  /** A pointer's arrow, or the name below where somebody looks from. */
  readonly kind: "pointer" | "view";
}

/** What lies over the picture as page elements: sharp text and thin frames. Nothing in it can be clicked. */
export class Overlay {
  readonly element = document.createElement("div");
  private readonly box = document.createElement("div");
  private readonly hud = document.createElement("div");
  private readonly people = new Map<number, HTMLElement>();

  constructor() {
    this.element.className = "viewport-overlay";
    // Names and cursors are told by the participants' list; here they would only be noise for a screen reader.
    this.element.ariaHidden = "true";
    this.box.className = "viewport-box";
    this.hud.className = "viewport-hud";
    this.box.hidden = this.hud.hidden = true;
    this.element.append(this.box, this.hud);
  }

  showBox(corners: readonly [Point, Point] | null): void {
    this.box.hidden = corners === null;
    if (!corners) return;
    const [a, b] = corners;
    const { style } = this.box;
    style.left = `${Math.min(a.x, b.x)}px`;
    style.top = `${Math.min(a.y, b.y)}px`;
    style.width = `${Math.abs(a.x - b.x)}px`;
    style.height = `${Math.abs(a.y - b.y)}px`;
  }

  showHud(text: string | null, at: Point): void {
    this.hud.hidden = text === null;
    if (text === null) return;
    if (this.hud.textContent !== text) this.hud.textContent = text;
    this.hud.style.transform = `translate(${Math.round(at.x + 18)}px, ${Math.round(at.y - 40)}px)`;
  }

  showPeople(marks: ReadonlyMap<number, PersonMark>): void {
    for (const [session, element] of this.people) {
      if (marks.has(session)) continue;
      element.remove();
      this.people.delete(session);
    }
    for (const [session, mark] of marks) {
      let element = this.people.get(session);
      if (!element) this.people.set(session, (element = this.element.appendChild(personElement())));
      const label = element.lastElementChild as HTMLElement;
      if (label.textContent !== mark.name) label.textContent = mark.name;
      element.classList.toggle("is-view", mark.kind === "view");
      label.hidden = mark.name === "";
      label.style.background = mark.color.fill;
      label.style.color = mark.color.text;
      (element.firstElementChild as SVGElement).style.fill = mark.color.fill;
      element.style.opacity = mark.opacity.toFixed(2);
      element.style.transform = `translate(${mark.at.x.toFixed(1)}px, ${mark.at.y.toFixed(1)}px)`;
    }
  }
}

function personElement(): HTMLElement {
  const element = document.createElement("div");
  element.className = "viewport-person";
  const svg = document.createElementNS(kSvg, "svg");
  svg.setAttribute("viewBox", "0 0 18 18");
  const arrow = document.createElementNS(kSvg, "path");
  arrow.setAttribute("d", "M1 1 L15 7.5 L8.8 9.2 L6 15 Z");
  arrow.setAttribute("stroke", "#fff");
  arrow.setAttribute("stroke-width", "1.2");
  arrow.setAttribute("stroke-linejoin", "round");
  svg.append(arrow);
  element.append(svg, document.createElement("span"));
  return element;
}
