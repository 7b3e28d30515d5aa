import {
  BoxGeometry, BufferGeometry, Color, ConeGeometry, CylinderGeometry, DoubleSide, Group, Mesh, MeshBasicMaterial,
  PlaneGeometry, Quaternion, SphereGeometry, TorusGeometry, Vector3,
} from "three";
import { isUsable, kGizmo } from "./gizmo_hit.js";
import type { GestureFrame, GestureKind, HandleId } from "./gizmo_math.js";
import { kAxisColors } from "./stage.js";

const kPlaneColors: Partial<Record<HandleId, string>> = { xy: kAxisColors.z, yz: kAxisColors.x, zx: kAxisColors.y };
const kActiveColor = new Color("#ffd34d");
const kUp = new Vector3(0, 1, 0);

interface Part {
  readonly handle: HandleId;
  readonly mesh: Mesh<BufferGeometry, MeshBasicMaterial>;
  readonly color: Color;
  readonly opacity: number;
}

/** The handles of a tool as they are drawn; where they are hit is computed from the same numbers (`gizmo_hit.ts`). */
export class Gizmo {
  readonly object = new Group();
  private readonly kinds: Record<GestureKind, { group: Group; parts: Part[] }>;
  private readonly viewRing: Mesh;

  constructor() {
    const geometry = {
      shaft: new CylinderGeometry(0.016, 0.016, kGizmo.armTo - kGizmo.armFrom, 8)
        .translate(0, (kGizmo.armTo + kGizmo.armFrom) / 2, 0),
      tip: new ConeGeometry(0.055, 0.2, 20).translate(0, kGizmo.armTo, 0),
      cube: new BoxGeometry(0.1, 0.1, 0.1).translate(0, kGizmo.armTo, 0),
      plane: new PlaneGeometry(kGizmo.planeTo - kGizmo.planeFrom, kGizmo.planeTo - kGizmo.planeFrom)
        .translate((kGizmo.planeTo + kGizmo.planeFrom) / 2, (kGizmo.planeTo + kGizmo.planeFrom) / 2, 0),
      ball: new SphereGeometry(0.075, 20, 14),
      ring: new TorusGeometry(kGizmo.ring, 0.012, 8, 96),
      viewRing: new TorusGeometry(kGizmo.viewRing, 0.009, 8, 96),
    };
    const arms = (ends: BufferGeometry): Part[] => [
      ...(["x", "y", "z"] as const).flatMap((name) =>
        [geometry.shaft, ends].map((each) => part(name, each, kAxisColors[name], 1, axisTurn(name)))),
      ...(["xy", "yz", "zx"] as const).map((name) =>
        part(name, geometry.plane, kPlaneColors[name]!, 0.45, planeTurn(name))),
      part("all", geometry.ball, "#e8eaee", 0.9),
    ];
    const view = part("all", geometry.viewRing, "#e8eaee", 0.75);
    this.viewRing = view.mesh;
    const rings = (["x", "y", "z"] as const).map(
      (name) => part(name, geometry.ring, kAxisColors[name], 1, ringTurn(name)));
    this.kinds = {
      move: grouped(arms(geometry.tip)), rotate: grouped([...rings, view]), scale: grouped(arms(geometry.cube)),
    };
    this.kinds.rotate.group.add(occluder());
    for (const { group } of Object.values(this.kinds)) this.object.add(group);
    this.object.visible = false;
  }

  /** Shows the tool's handles at the frame; `used` is the one under the pointer or in the hand. */
  update(shown: { kind: GestureKind; frame: GestureFrame; used: HandleId | null; dragging: boolean } | null): void {
    this.object.visible = shown !== null;
    if (!shown) return;
    const { kind, frame, used, dragging } = shown;
    this.object.position.copy(frame.pivot);
    this.object.quaternion.copy(frame.axes);
    this.object.scale.setScalar(frame.size);
    for (const [name, { group }] of Object.entries(this.kinds)) group.visible = name === kind;
    const facing = new Quaternion().setFromUnitVectors(new Vector3(0, 0, 1), frame.viewDirection.clone().normalize());
    this.viewRing.quaternion.copy(frame.axes).invert().multiply(facing);
    for (const { handle, mesh, color, opacity } of this.kinds[kind].parts) {
      const isUsed = handle === used;
      mesh.visible = (isUsable(kind, handle, frame) || isUsed) && (!dragging || isUsed || kind === "rotate");
      mesh.material.color.copy(isUsed ? kActiveColor : color);
      mesh.material.opacity = isUsed ? 1 : dragging ? opacity * 0.35 : opacity;
    }
  }

  dispose(): void {
    this.object.traverse((each) => {
      if (!(each instanceof Mesh)) return;
      (each.geometry as BufferGeometry).dispose();
      (each.material as MeshBasicMaterial).dispose();
    });
  }
}

function part(handle: HandleId, geometry: BufferGeometry, color: string, opacity: number, turn?: Quaternion): Part {
  const material = new MeshBasicMaterial({ color, opacity, transparent: true, toneMapped: false, side: DoubleSide });
  const mesh = new Mesh(geometry, material);
  mesh.frustumCulled = false;
  if (turn) mesh.quaternion.copy(turn);
  return { handle, mesh, color: new Color(color), opacity };
}

function grouped(parts: Part[]): { group: Group; parts: Part[] } {
  const group = new Group();
  for (const { mesh } of parts) group.add(mesh);
  return { group, parts };
}

/** Hides the far halves of the rings, and is not seen itself. */
function occluder(): Mesh {
  const mesh = new Mesh(new SphereGeometry(kGizmo.ring * 0.98, 32, 20), new MeshBasicMaterial({ colorWrite: false }));
  mesh.renderOrder = -1;
  return mesh;
}

function axisTurn(name: "x" | "y" | "z"): Quaternion {
  const axis = new Vector3(name === "x" ? 1 : 0, name === "y" ? 1 : 0, name === "z" ? 1 : 0);
  return new Quaternion().setFromUnitVectors(kUp, axis);
}

function ringTurn(name: "x" | "y" | "z"): Quaternion {
  const axis = new Vector3(name === "x" ? 1 : 0, name === "y" ? 1 : 0, name === "z" ? 1 : 0);
  return new Quaternion().setFromUnitVectors(new Vector3(0, 0, 1), axis);
}

/** Turns the square of x and y into that of the two axes of the handle's name. */
function planeTurn(name: "xy" | "yz" | "zx"): Quaternion {
  if (name === "yz") return new Quaternion(0.5, 0.5, 0.5, 0.5);
  return name === "zx" ? new Quaternion(-0.5, -0.5, -0.5, 0.5) : new Quaternion();
}
