import {
  CanvasTexture, Color, DynamicDrawUsage, InstancedBufferAttribute, InstancedBufferGeometry, Mesh, PlaneGeometry,
  ShaderMaterial, Vector2, Vector3, type Camera,
} from "three";
import type { Entity, EntityId } from "@theta/client";
import type { Color as Rgb } from "./instance_parameters.js";
import type { GraphChange, Node } from "./scene_graph.js";

export type IconKind = "point" | "spot" | "directional" | "camera" | "empty";

const kKinds: readonly IconKind[] = ["point", "spot", "directional", "camera", "empty"];
const kCellPixels = 64;
/** On the screen. */
const kSizePixels: Record<IconKind, number> = { point: 30, spot: 30, directional: 30, camera: 30, empty: 14 };
const kFloatsPerIcon = 8;

/** What stands for an entity without a mesh. */
export function iconOf(entity: Entity): IconKind | null {
  if (entity.mesh !== undefined) return null;
  if (entity.light) return entity.light.kind;
  return entity.camera ? "camera" : "empty";
}

/**
 * One draw call for the icons of all lights, cameras and empties. They lie over everything, so that nothing hides
 * them.
 */
export class IconLayer {
  readonly object: Mesh<InstancedBufferGeometry, ShaderMaterial>;
  private readonly slots = new Map<Node, number>();
  private readonly nodes: Node[] = [];
  /** Shown groups that have no icon because they have children. */
  private readonly groups = new Set<Node>();
  private data = new Float32Array(0);
  private readonly plain = new Color();
  private highlights: ReadonlyMap<EntityId, Rgb> = new Map();
  /** Made for the first icon: a browser may start drawing on the graphics processor for it, which takes long. */
  private readonly atlas: { value: CanvasTexture | null } = { value: null };

  constructor() {
    const material = new ShaderMaterial({
      transparent: true,
      depthTest: false,
      depthWrite: false,
      uniforms: { atlas: this.atlas, viewport: { value: new Vector2(1, 1) } },
      vertexShader: `
        attribute vec4 place;
        attribute vec4 look;
        uniform vec2 viewport;
        varying vec2 vUv;
        varying vec3 vColor;
        void main() {
          vUv = vec2( ( uv.x + look.w ) / ${kKinds.length}.0, uv.y );
          vColor = look.rgb;
          vec4 at = projectionMatrix * viewMatrix * vec4( place.xyz, 1.0 );
          at.xy += position.xy * place.w / viewport * 2.0 * at.w;
          gl_Position = at;
        }`,
      fragmentShader: `
        uniform sampler2D atlas;
        varying vec2 vUv;
        varying vec3 vColor;
        void main() {
          vec2 texel = texture2D( atlas, vUv ).ra;
          gl_FragColor = vec4( vColor * texel.x, texel.y );
          #include <colorspace_fragment>
        }`,
    });
    this.object = new Mesh(new InstancedBufferGeometry(), material);
    this.object.frustumCulled = false;
    this.object.matrixAutoUpdate = false;
    this.allocate(64);
  }

  setColor(color: string): void {
    this.plain.set(color);
    this.nodes.forEach((node, slot) => this.write(node, slot));
  }

  setSize(width: number, height: number): void {
    (this.object.material.uniforms["viewport"]!.value as Vector2).set(width, height);
  }

  setHighlights(highlights: ReadonlyMap<EntityId, Rgb>): void {
    const before = this.highlights;
    this.highlights = highlights;
    this.nodes.forEach((node, slot) => {
      if (before.get(node.id) !== highlights.get(node.id)) this.write(node, slot);
    });
  }

  apply(change: GraphChange): void {
    for (const node of change.removed) {
      this.remove(node);
      this.groups.delete(node);
    }
    for (const list of [change.updated, change.moved])
      for (const node of list) {
        this.consider(node);
        if (node.parent) this.consider(node.parent);
      }
    for (const node of this.groups) if (node.children.size === 0) this.consider(node);
  }

  /** What is in a group stands for it, or an imported model would drown in the marks of its groups. */
  private consider(node: Node): void {
    const kind = node.shown ? iconOf(node.entity) : null;
    const isGroup = kind === "empty" && node.children.size > 0;
    if (isGroup) this.groups.add(node);
    else this.groups.delete(node);
    if (kind === null || isGroup) this.remove(node);
    else this.put(node);
  }

  clear(): void {
    this.groups.clear();
    this.slots.clear();
    this.nodes.length = 0;
    this.object.geometry.instanceCount = 0;
  }

  /** Icons whose picture covers the point, in CSS pixels from the top left; nearest to the eye first. */
  at(point: { x: number; y: number }, camera: Camera, size: { width: number; height: number }, slack: number): Node[] {
    const hits: { node: Node; depth: number }[] = [];
    const place = new Vector3();
    for (const node of this.nodes) {
      place.setFromMatrixPosition(node.world).project(camera);
      if (place.z < -1 || place.z > 1) continue;
      const reach = kSizePixels[iconOf(node.entity)!] / 2 + slack;
      const dx = ((place.x + 1) / 2) * size.width - point.x;
      const dy = ((1 - place.y) / 2) * size.height - point.y;
      if (Math.abs(dx) <= reach && Math.abs(dy) <= reach) hits.push({ node, depth: place.z });
    }
    return hits.sort((a, b) => a.depth - b.depth).map(({ node }) => node);
  }

  all(): readonly Node[] {
    return this.nodes;
  }

  dispose(): void {
    this.object.geometry.dispose();
    this.atlas.value?.dispose();
    this.object.material.dispose();
  }

  private put(node: Node): void {
    let slot = this.slots.get(node);
    if (slot === undefined) {
      this.atlas.value ??= drawAtlas();
      slot = this.nodes.push(node) - 1;
      this.slots.set(node, slot);
      if (this.nodes.length * kFloatsPerIcon > this.data.length) this.allocate(this.nodes.length * 2);
      this.object.geometry.instanceCount = this.nodes.length;
    }
    this.write(node, slot);
  }

  private remove(node: Node): void {
    const slot = this.slots.get(node);
    if (slot === undefined) return;
    this.slots.delete(node);
    const last = this.nodes.pop()!;
    if (last !== node) {
      this.nodes[slot] = last;
      this.slots.set(last, slot);
      this.write(last, slot);
    }
    this.object.geometry.instanceCount = this.nodes.length;
  }

  private write(node: Node, slot: number): void {
    const kind = iconOf(node.entity) ?? "empty";
    const color = this.highlights.get(node.id) ?? this.colorOf(node);
    const { elements } = node.world;
    const at = slot * 4;
    const places = this.object.geometry.getAttribute("place") as InstancedBufferAttribute;
    const looks = this.object.geometry.getAttribute("look") as InstancedBufferAttribute;
    places.array.set([elements[12], elements[13], elements[14], kSizePixels[kind]], at);
    looks.array.set([...color, kKinds.indexOf(kind)], at);
    places.needsUpdate = looks.needsUpdate = true;
  }

  /** Lights show their own colour, as bright as it gets. */
  private colorOf(node: Node): Rgb {
    const light = node.entity.light?.color;
    const brightest = light ? Math.max(...light) : 0;
    if (!light || brightest <= 0) return [this.plain.r, this.plain.g, this.plain.b];
    return [light[0] / brightest, light[1] / brightest, light[2] / brightest];
  }

  private allocate(count: number): void {
    const before = this.object.geometry;
    const quad = new PlaneGeometry(1, 1);
    const geometry = new InstancedBufferGeometry();
    geometry.setIndex(quad.getIndex());
    geometry.setAttribute("position", quad.getAttribute("position"));
    geometry.setAttribute("uv", quad.getAttribute("uv"));
    this.data = new Float32Array(count * kFloatsPerIcon);
    for (const [name, half] of [["place", 0], ["look", 1]] as const) {
      const values = this.data.subarray(half * count * 4, (half + 1) * count * 4);
      const old = before.getAttribute(name);
      if (old) values.set(old.array as Float32Array);
      geometry.setAttribute(name, new InstancedBufferAttribute(values, 4).setUsage(DynamicDrawUsage));
    }
    geometry.instanceCount = this.nodes.length;
    before.dispose();
    this.object.geometry = geometry;
  }
}

/** White pictures with a dark rim, so that they stand out from whatever is behind them. */
function drawAtlas(): CanvasTexture {
  const canvas = document.createElement("canvas");
  canvas.width = kCellPixels * kKinds.length;
  canvas.height = kCellPixels;
  const pen = canvas.getContext("2d");
  if (pen)
    kKinds.forEach((kind, at) => {
      pen.setTransform(kCellPixels / 32, 0, 0, kCellPixels / 32, at * kCellPixels, 0);
      pen.lineCap = pen.lineJoin = "round";
      for (const [color, extra] of [["#00000099", 2.6], ["#ffffff", 0]] as const) {
        pen.strokeStyle = color;
        pen.fillStyle = color;
        pen.lineWidth = 2 + extra;
        drawIcon(pen, kind);
      }
    });
  return new CanvasTexture(canvas);
}

function drawIcon(pen: CanvasRenderingContext2D, kind: IconKind): void {
  const path = (...points: number[]): void => {
    pen.moveTo(points[0]!, points[1]!);
    for (let at = 2; at < points.length; at += 2) pen.lineTo(points[at]!, points[at + 1]!);
  };
  pen.beginPath();
  if (kind === "point" || kind === "directional") {
    const inner = kind === "point" ? 10 : 9;
    for (let ray = 0; ray < 8; ++ray) {
      const angle = (ray * Math.PI) / 4;
      const outer = kind === "point" ? 12 : 14;
      path(16 + Math.cos(angle) * inner, 16 + Math.sin(angle) * inner, 16 + Math.cos(angle) * outer,
        16 + Math.sin(angle) * outer);
    }
    pen.moveTo(21, 16);
    pen.arc(16, 16, 5, 0, 7);
  } else if (kind === "spot") path(12, 5, 20, 5, 22, 13, 10, 13, 12, 5);
  else if (kind === "camera") path(4, 10, 20, 10, 20, 23, 4, 23, 4, 10);
  else path(16, 6, 26, 16, 16, 26, 6, 16, 16, 6);
  if (kind === "spot") path(9, 18, 6, 26, 16, 18, 16, 27, 23, 18, 26, 26);
  if (kind === "camera") path(20, 15, 28, 11, 28, 22, 20, 18);
  pen.stroke();
}
