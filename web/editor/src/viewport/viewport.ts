import "./viewport.css";
import { effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import {
  Box3, Color, Group, Matrix4, Plane, Scene, Vector2, Vector3, type WebGLRenderer,
} from "three";
import type { EntityId, Phase, SceneChange, SessionNumber, Vec3 } from "@theta/client";
import type { Editor, ViewAxis, ViewportControl } from "../editor.js";
import { theme as pageTheme, type ThemeName } from "../theme.js";
import { CameraRig, kFieldOfView } from "./camera_rig.js";
import { GeometryCache } from "./geometry_cache.js";
import type { Point } from "./gizmo_hit.js";
import { Highlights } from "./highlights.js";
import { IconLayer } from "./icon_layer.js";
import { LightLayer } from "./light_layer.js";
import { addBox, addCamera, addLight, LineLayer } from "./line_layer.js";
import { MeshLayer } from "./mesh_layer.js";
import { MissingNote, missingText } from "./missing_note.js";
import { Outline } from "./outline.js";
import { Overlay } from "./overlay.js";
import { PeopleLayer, type Eye } from "./people_layer.js";
import { frustumOf, pickBox, pickMesh } from "./picking.js";
import { PointerInput } from "./pointer_input.js";
import { PresenceSender } from "./presence_sender.js";
import { decomposeTransform, SceneGraph, type Node } from "./scene_graph.js";
import { Ground, kStageColors, makeRenderer } from "./stage.js";
import { TextureCache } from "./texture_cache.js";
import { Tools } from "./tools.js";

export { WebGlMissing } from "./stage.js";

/** Sharper than this nobody sees, and it costs. */
const kPixelRatioMax = 2;
/** So many cameras of the scene have their frustum drawn. */
const kCameraFrustaMax = 256;
const kCameraFrustumPixels = 70;
/** So many things whose mesh is not on this device have a box in its place. */
const kMissingBoxesMax = 256;

export interface ViewportStats {
  /** Of the last frame. */
  readonly drawCalls: number;
  readonly triangles: number;
  /** Main-thread milliseconds of the last frame. */
  readonly frameMs: number;
  /** Frames drawn so far. */
  readonly frames: number;
  /** Those of the scene, shown or not. */
  readonly entities: number;
  /** Entities whose meshes are in the picture, and those whose meshes are not here yet. */
  readonly meshesDrawn: number;
  readonly meshesMissing: number;
}

export interface ContextMenuRequest {
  /** CSS pixels in the window. */
  readonly x: number;
  readonly y: number;
  readonly entity: EntityId | null;
}

export interface ViewportOptions {
  /** Made ahead by `prepareDrawing`. */
  readonly renderer?: WebGLRenderer | undefined;
  readonly theme?: ReadonlySignal<ThemeName>;
}

/**
 * The 3D view: draws the editor's scene and the people in it, and turns pointers into edits. It draws a frame when
 * something changed and none otherwise. Throws `WebGlMissing` where there is nothing to draw with.
 */
export class Viewport implements ViewportControl {
  /** Whether a finger chooses with a box instead of turning the view. */
  readonly boxSelect: Signal<boolean> = signal(false);
  readonly orthographic: Signal<boolean> = signal(false);
  /** Set by the shell. */
  onContextMenu: (request: ContextMenuRequest) => void = () => undefined;

  readonly canvas: HTMLCanvasElement;
  readonly graph = new SceneGraph();
  readonly rig = new CameraRig();
  readonly overlay = new Overlay();
  private readonly root = document.createElement("div");
  private readonly renderer: WebGLRenderer;
  private readonly main = new Scene();
  private readonly above = new Scene();
  private readonly ground = new Ground();
  private readonly meshes: MeshLayer;
  private readonly geometries: GeometryCache;
  private readonly textures: TextureCache;
  private readonly lights = new LightLayer();
  private readonly icons = new IconLayer();
  private readonly lines = new LineLayer();
  private readonly outline = new Outline();
  private readonly missing = new MissingNote();
  private readonly people: PeopleLayer;
  private readonly highlights: Highlights;
  private readonly tools: Tools;
  private readonly input: PointerInput;
  private readonly sender: PresenceSender;
  private readonly cleanup: (() => void)[] = [];
  private remoteOverrides = new Set<EntityId>();
  private size = { width: 1, height: 1 };
  private frameRequest = 0;
  private wakeTimer: ReturnType<typeof setTimeout> | undefined;
  private presenceTimer: ReturnType<typeof setTimeout> | undefined;
  private last = { drawCalls: 0, triangles: 0, frameMs: 0, entities: 0, meshesDrawn: 0, meshesMissing: 0 };
  private frames = 0;
  private contextLost = false;
  private phase: Phase;
  private readonly toldFailures = new Set<string>();
  private disposed = false;
  /** Until the room's content is there the camera keeps it in view, unless the person takes over. */
  private opening = true;
  /** Something to see has come since the camera was put; edits alone do not move it. */
  private hasCome = true;
  /** What is to be brought into view once nothing is being loaded any more. */
  private revealing: readonly EntityId[] = [];
  private boundsStale = true;
  private readonly sceneBox = new Box3();

  constructor(container: HTMLElement, private readonly editor: Editor, options: ViewportOptions = {}) {
    const { theme = pageTheme, renderer } = options;
    // A context that was lost meanwhile does not come back to a renderer that never drew.
    const isGood = renderer !== undefined && !renderer.getContext().isContextLost();
    this.renderer = isGood ? renderer : makeRenderer(document.createElement("canvas"));
    this.canvas = this.renderer.domElement;
    const { room } = editor;
    this.phase = room.status.phase;
    // A thousand meshes that do not come while offline are one sentence.
    const failed = (what: string) => (_: string, error: unknown): void => {
      this.tellMissing();
      this.invalidate();
      if (this.toldFailures.has(what)) return;
      this.toldFailures.add(what);
      editor.notify("warning", `${what} could not be shown: ${error instanceof Error ? error.message : String(error)}`);
    };
    this.geometries = new GeometryCache((asset) => room.loadMesh(asset), (geometry) => {
      this.meshes.loaded(geometry);
      this.boundsStale = this.hasCome = true;
      this.tellMissing();
      this.invalidate();
    }, failed("A mesh"));
    this.textures = new TextureCache((asset) => room.downloadAsset(asset), () => {
      this.tellMissing();
      this.invalidate();
    }, failed("A texture"), Math.min(8, this.renderer.capabilities.getMaxAnisotropy()));
    this.meshes = new MeshLayer(this.geometries, this.textures);
    this.people = new PeopleLayer((author) => editor.colorOf(author));
    this.highlights = new Highlights(editor, this.graph);
    this.sender = new PresenceSender((presence) => room.setPresence(presence));
    this.tools = new Tools(this, editor);
    this.input = new PointerInput(this.canvas, this.tools);
    this.compose(container);
    this.listen(theme);
    this.people.hear(room.participants, performance.now());
    this.resize();
  }

  // ---- What the shell asks -----------------------------------------------------------------------------------------

  frame(ids: readonly EntityId[] = []): void {
    this.flush();
    const box = this.boxOf(ids);
    if (box.isEmpty()) box.set(new Vector3(-2, 0, -2), new Vector3(2, 2, 2));
    this.leaveOthersEyes();
    this.rig.frame(box, performance.now());
    this.invalidate();
  }

  /** How large things are is known when their meshes are here; whoever moves the view meanwhile keeps it. */
  reveal(ids: readonly EntityId[]): void {
    this.revealing = ids;
    this.invalidate();
  }

  setView(axis: ViewAxis): void {
    this.leaveOthersEyes();
    this.rig.view(axis, performance.now());
    this.invalidate();
  }

  toggleOrtho(): void {
    this.rig.orthographic = this.orthographic.value = !this.rig.orthographic;
    this.invalidate();
  }

  placeForNew(): Vec3 {
    this.rig.update(performance.now());
    return this.placeAlong({ x: 0, y: 0 });
  }

  /** Where something dropped at this point of the window goes: on what is under it, else on the ground. */
  placeAt(clientX: number, clientY: number): Vec3 {
    const bounds = this.canvas.getBoundingClientRect();
    return this.placeAlong(this.toNdc({ x: clientX - bounds.left, y: clientY - bounds.top }));
  }

  /** The picture as it is now, as a PNG. */
  async screenshot(): Promise<Blob> {
    this.draw(performance.now());
    return new Promise((resolve, reject) =>
      this.canvas.toBlob((blob) => {
        if (blob) resolve(blob);
        else reject(new Error("The picture could not be taken."));
      }, "image/png"));
  }

  stats(): ViewportStats {
    return { ...this.last, frames: this.frames };
  }

  dispose(): void {
    this.disposed = true;
    cancelAnimationFrame(this.frameRequest);
    clearTimeout(this.wakeTimer);
    clearTimeout(this.presenceTimer);
    for (const undo of this.cleanup.splice(0)) undo();
    this.input.dispose();
    this.tools.dispose();
    this.meshes.dispose();
    this.geometries.dispose();
    this.textures.dispose();
    for (const layer of [this.icons, this.lines, this.outline]) layer.dispose();
    this.renderer.dispose();
    this.root.remove();
  }

  // ---- What the tools ask ------------------------------------------------------------------------------------------

  /** Draws a frame soon. */
  invalidate(): void {
    if (this.frameRequest === 0 && !this.disposed && !this.contextLost)
      this.frameRequest = requestAnimationFrame((nowMs) => {
        this.frameRequest = 0;
        this.draw(nowMs);
      });
  }

  toNdc(at: Point): { x: number; y: number } {
    return { x: (at.x / this.size.width) * 2 - 1, y: 1 - (at.y / this.size.height) * 2 };
  }

  toPixels(point: Vector3): Point {
    const place = point.clone().project(this.rig.camera);
    return { x: ((place.x + 1) / 2) * this.size.width, y: ((1 - place.y) / 2) * this.size.height };
  }

  /** The entity under a point: an icon, since those lie above, else the nearest triangle. */
  pick(at: Point, slack = 0): { node: Node; point: Vector3 } | null {
    this.flush();
    const icon = this.icons.at(at, this.rig.camera, this.size, slack)[0];
    if (icon) return { node: icon, point: new Vector3().setFromMatrixPosition(icon.world) };
    return pickMesh(this.rig.ray(this.toNdc(at)), this.meshes.drawn());
  }

  pickWithin(from: Point, to: Point): EntityId[] {
    this.flush();
    const corner = (at: Point): Vector2 => new Vector2(this.toNdc(at).x, this.toNdc(at).y);
    return pickBox(frustumOf(this.rig.camera, corner(from), corner(to)), this.meshes.drawn(), this.icons.all());
  }

  openContextMenu(at: Point): void {
    const bounds = this.canvas.getBoundingClientRect();
    const entity = this.pick(at)?.node.id ?? null;
    this.onContextMenu({ x: at.x + bounds.left, y: at.y + bounds.top, entity });
  }

  /** The person moves the camera: it follows nobody any more. */
  leaveOthersEyes(): void {
    this.opening = false;
    this.revealing = [];
    this.editor.following.value = null;
    this.editor.lookingThrough.value = null;
  }

  setHovered(id: EntityId | null): void {
    if (this.highlights.setHovered(id)) this.invalidate();
  }

  /** The ground under a ray, or a point at the target's depth when the ray never comes down. */
  groundAlong(ndc: { x: number; y: number }): Vector3 {
    const ray = this.rig.ray(ndc);
    const ground = ray.intersectPlane(new Plane(new Vector3(0, 1, 0), 0), new Vector3());
    const tooFar = this.rig.distance * 20;
    if (ground && ground.distanceTo(this.rig.target) < tooFar) return ground;
    const facing = new Plane().setFromNormalAndCoplanarPoint(ray.direction, this.rig.target);
    return ray.intersectPlane(facing, new Vector3()) ?? this.rig.target.clone();
  }

  sendPresence(): void {
    clearTimeout(this.presenceTimer);
    if (this.disposed || document.hidden) return;
    const nowMs = performance.now();
    const next = this.sender.offer({
      view: this.rig.pose(), view_shape: this.rig.shape(), ...this.tools.presence(),
    }, nowMs);
    this.presenceTimer = setTimeout(() => this.sendPresence(), Math.max(1, next - nowMs));
  }

  // ---- Setting up --------------------------------------------------------------------------------------------------

  private compose(container: HTMLElement): void {
    this.root.className = "viewport";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", "3D view of the scene");
    this.root.append(this.canvas, this.overlay.element, this.missing.element);
    container.append(this.root);
    const inMain = new Group();
    inMain.add(this.meshes.object, this.lights.object, this.lines.object, this.ground.object);
    this.main.add(inMain);
    this.above.add(this.icons.object, this.tools.gizmo.object);
  }

  private listen(theme: ReadonlySignal<ThemeName>): void {
    const { editor, cleanup } = this;
    const { room } = editor;
    cleanup.push(
      room.on("changed", (change) => this.take(change)),
      room.on("participants", (participants) => {
        if (this.people.hear(participants, performance.now())) this.invalidate();
      }),
      room.on("status", ({ phase }) => {
        if (phase === "live" && this.phase !== "live") {
          this.toldFailures.clear();
          this.geometries.retryFailed();
        }
        this.phase = phase;
        this.endOpening();
        this.tellMissing();
      }),
      effect(() => {
        const colors = kStageColors[theme.value];
        this.renderer.setClearColor(colors.background);
        this.main.userData["background"] = colors.background;
        this.ground.setColor(colors.grid);
        this.icons.setColor(colors.icon);
        this.highlights.setAccent(colors.accent);
        this.invalidate();
      }),
      effect(() => {
        this.root.classList.toggle("is-past", editor.lookBack.value !== null);
        const scene = editor.scene.value;
        this.tools.cancel();
        this.graph.reset(scene);
        this.highlights.stale = true;
        this.boundsStale = true;
        this.invalidate();
      }),
      effect(() => {
        for (const each of [editor.selection, editor.members, editor.tool, editor.space, editor.readOnly,
          editor.following, editor.lookingThrough, editor.dragging]) void each.value;
        this.highlights.stale = true;
        this.invalidate();
      }),
      effect(() => {
        // Whoever edits what they see goes on from there.
        if (editor.undoLabels.nextUndo.value !== undefined && !this.hasCome) this.opening = false;
      }),
      effect(() => {
        this.graph.setLooks(editor.looks.value);
        this.invalidate();
      }),
    );
    this.listenToPage();
  }

  private listenToPage(): void {
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(this.root);
    const motion = matchMedia("(prefers-reduced-motion: reduce)");
    const stop = new AbortController();
    const { signal: until } = stop;
    const setMotion = (): void => void (this.rig.reducedMotion = motion.matches);
    setMotion();
    motion.addEventListener("change", setMotion, { signal: until });
    window.addEventListener("resize", () => this.resize(), { signal: until });
    for (const name of ["pointerdown", "wheel", "keydown"])
      this.canvas.addEventListener(name, () => (this.opening = false), { signal: until, capture: true, passive: true });
    document.addEventListener("visibilitychange", () => this.sendPresence(), { signal: until });
    this.canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.contextLost = true;
    }, { signal: until });
    this.canvas.addEventListener("webglcontextrestored", () => {
      this.contextLost = false;
      // three uploads meshes and textures again by itself.
      this.invalidate();
    }, { signal: until });
    this.cleanup.push(() => observer.disconnect(), () => stop.abort());
  }

  private resize(): void {
    const width = Math.max(1, this.root.clientWidth), height = Math.max(1, this.root.clientHeight);
    const ratio = Math.min(window.devicePixelRatio || 1, kPixelRatioMax);
    if (width === this.size.width && height === this.size.height && ratio === this.renderer.getPixelRatio()) return;
    this.size = { width, height };
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(width, height, false);
    this.rig.setSize(width, height);
    this.icons.setSize(width, height);
    this.outline.setSize(this.canvas.width, this.canvas.height, ratio);
    // Setting the size empties the canvas, which would flash until the next frame.
    this.draw(performance.now());
  }

  // ---- From changes to a picture -----------------------------------------------------------------------------------

  private take(change: SceneChange): void {
    if (this.editor.lookBack.peek() !== null) return;
    const { scene } = this.editor.room;
    for (const id of change.updated)
      if (this.graph.get(id)?.entity.transform !== scene.get(id)?.transform) this.people.arrived(id);
    this.graph.apply(scene, change);
    if (change.everything) this.hasCome = true;
    this.tools.sceneChanged();
    if (change.everything || change.added.length + change.removed.length + change.reordered.length > 0)
      this.highlights.stale = true;
    this.invalidate();
  }

  /** Works off what changed since the last frame, for whoever asks where things are between two frames. */
  flush(): void {
    if (!this.graph.dirty) return;
    const change = this.graph.flush();
    this.meshes.apply(change);
    this.lights.apply(change);
    this.icons.apply(change);
    this.boundsStale = true;
    if (change.removed.size > 0) this.geometries.keepOnly(this.meshes.usedMeshes());
    if (change.removed.size + change.updated.size > 0) this.textures.keepOnly(this.meshes.usedTextures());
  }

  private draw(nowMs: number): void {
    if (this.contextLost || this.disposed) return;
    const startMs = performance.now();
    this.moveOthers(nowMs);
    this.flush();
    this.lookThroughOthers();
    const travelling = this.rig.update(nowMs);
    this.updateReach();
    if (this.opening && this.hasCome) this.frameOpening(nowMs);
    if (this.revealing.length > 0 && this.isWhole(this.revealing)) this.finishReveal();
    this.tools.update();
    this.flush();
    this.drawLines();
    this.ground.update(this.rig.target, this.rig.distance);
    const highlights = this.highlights.update();
    if (highlights) {
      this.meshes.setHighlights(highlights, (id) => this.graph.get(id));
      this.icons.setHighlights(highlights);
    }
    this.render();
    this.frames += 1;
    const { calls, triangles } = this.renderer.info.render;
    this.last = {
      drawCalls: calls, triangles, frameMs: performance.now() - startMs, entities: this.graph.nodes.size,
      meshesDrawn: this.meshes.drawnCount, meshesMissing: this.meshes.missingCount,
    };
    this.sendPresence();
    if (travelling || this.people.isMoving(nowMs)) this.invalidate();
    else this.wakeForFade(nowMs);
  }

  private render(): void {
    const { renderer, rig: { camera } } = this;
    renderer.info.reset();
    // With lights of its own the scene is exposed for those, and the studio only fills the shadows.
    renderer.toneMappingExposure = this.lights.any ? 0.6 : 1;
    this.meshes.studio.value = this.lights.any ? 0.5 : 0.75;
    const outlined = this.meshes.anyHighlighted;
    if (outlined) {
      this.ground.object.visible = this.lines.object.visible = false;
      this.meshes.withMask(() => this.outline.renderMask(renderer, this.main, camera));
      this.ground.object.visible = this.lines.object.visible = true;
    }
    renderer.setClearColor(this.main.userData["background"] as string, 1);
    renderer.clear();
    renderer.render(this.main, camera);
    if (outlined) this.outline.composite(renderer, camera);
    renderer.clearDepth();
    renderer.render(this.above, camera);
  }

  private tellMissing(): void {
    const text = missingText(this.editor.room.status, this.geometries.loadingCount, this.textures.loadingCount);
    if (this.missing.show(text)) this.invalidate();
  }

  private moveOthers(nowMs: number): void {
    this.people.update(nowMs);
    const scene = this.editor.room.scene;
    const overrides = this.people.overrides(nowMs, (id) => scene.get(id)?.transform);
    // What is being typed or scrubbed in a panel shows before it is a command, as a drag here does.
    for (const { entity, transform } of this.editor.dragging.peek()) overrides.set(entity, transform);
    if (this.editor.lookBack.peek() !== null) overrides.clear();
    for (const id of this.remoteOverrides)
      if (!overrides.has(id) && !this.tools.holds(id)) this.graph.setOverride(id, null);
    for (const [id, transform] of overrides) if (!this.tools.holds(id)) this.graph.setOverride(id, transform);
    this.remoteOverrides = new Set(overrides.keys());
  }

  private lookThroughOthers(): void {
    const { following, lookingThrough } = this.editor;
    const session: SessionNumber | null = following.peek();
    const node = lookingThrough.peek() === null ? undefined : this.graph.get(lookingThrough.peek()!);
    const view = session === null ? null : this.people.shownOf(session)?.view;
    this.rig.fieldOfView = kFieldOfView;
    if (view) this.rig.setPose(view);
    else if (node) {
      const pose = new Matrix4().extractRotation(node.world).copyPosition(node.world);
      this.rig.setPose(decomposeTransform(pose));
      const fov = node.entity.camera?.kind === "perspective" ? node.entity.camera.vertical_fov : 0;
      if (fov > 0) this.rig.fieldOfView = Math.min(170, (fov * 180) / Math.PI);
    }
  }

  private drawLines(): void {
    const { lines, rig } = this;
    lines.begin();
    const plain = new Color(kStageColors[this.highlights.isLight ? "light" : "dark"].icon);
    const selected = new Set(this.editor.selection.peek());
    let frusta = 0;
    for (const node of this.icons.all()) {
      const { camera, light } = node.entity;
      if (!camera && !(light && selected.has(node.id))) continue;
      const size = rig.worldPerPixel(new Vector3().setFromMatrixPosition(node.world)) * kCameraFrustumPixels;
      const color = this.highlights.colorOf(node.id) ?? plain;
      if (camera && node.id !== this.editor.lookingThrough.peek() && ++frusta <= kCameraFrustaMax)
        addCamera(lines, node.world, camera, size, color);
      if (light && selected.has(node.id)) addLight(lines, node.world, light, size, color);
    }
    if (this.missing.isShown) this.drawMissing(plain);
    this.overlay.showPeople(this.people.draw(lines, this.eye(), this.editor.following.peek()));
    lines.end();
  }

  private drawMissing(color: Color): void {
    let boxes = 0;
    for (const node of this.meshes.waitingNodes()) {
      if (++boxes > kMissingBoxesMax) return;
      addBox(this.lines, node.world, this.highlights.colorOf(node.id) ?? color);
    }
  }

  private eye(): Eye {
    const { rig } = this;
    return {
      position: rig.perspective.position,
      worldPerPixel: (point) => rig.worldPerPixel(point),
      project: (point) => {
        const depth = point.clone().applyMatrix4(rig.camera.matrixWorldInverse).z;
        return depth < 0 ? this.toPixels(point) : null;
      },
    };
  }

  /** How far the clipping planes must reach. */
  private updateReach(): void {
    if (this.boundsStale) {
      this.boundsStale = false;
      this.sceneBox.makeEmpty();
      for (const node of this.graph.nodes.values()) this.addTo(this.sceneBox, node, false);
    }
    if (this.sceneBox.isEmpty()) return;
    const farthest = this.sceneBox.getCenter(new Vector3()).distanceTo(this.rig.target);
    this.rig.setReach(farthest + this.sceneBox.getSize(new Vector3()).length() / 2);
  }

  private frameOpening(nowMs: number): void {
    const { lookBack, following, lookingThrough } = this.editor;
    if (this.graph.nodes.size === 0 || lookBack.peek() !== null) return;
    this.hasCome = false;
    if (following.peek() === null && lookingThrough.peek() === null) {
      this.rig.frame(this.sceneBox);
      this.rig.update(nowMs);
    }
    this.endOpening();
  }

  /** What is still to come may show that the scene is larger. */
  private endOpening(): void {
    const isThere = this.graph.nodes.size > 0 && this.geometries.loadingCount === 0;
    if (isThere && !this.hasCome && this.phase === "live") this.opening = false;
  }

  /** Whether no mesh of these is missing; what others miss does not matter. */
  private isWhole(ids: readonly EntityId[]): boolean {
    for (const node of this.meshes.waitingNodes())
      if (ids.some((id) => this.graph.isWithin(node.id, id))) return false;
    return true;
  }

  private finishReveal(): void {
    const box = this.boxOf(this.revealing);
    const ids = this.revealing;
    this.revealing = [];
    const isFree = this.editor.following.peek() === null && this.editor.lookingThrough.peek() === null;
    if (isFree && !box.isEmpty() && !this.rig.sees(box)) this.frame(ids);
  }

  /**
   * Of these and all below them; without any, of everything that is shown. What lies below counts by its meshes: files
   * have cameras and empty nodes far from what they are about.
   */
  private boxOf(ids: readonly EntityId[]): Box3 {
    const box = new Box3();
    const own = new Box3();
    const nodes = ids.map((id) => this.graph.get(id)).filter((node) => node !== undefined);
    for (const node of nodes)
      for (const each of this.graph.subtree(node)) if (this.meshes.worldBox(each, own)) box.union(own);
    const hasMeshes = !box.isEmpty();
    for (const node of nodes)
      for (const each of hasMeshes ? [node] : this.graph.subtree(node)) {
        const isHolder = hasMeshes && each.children.size > 0 && !this.meshes.worldBox(each, own);
        if (!isHolder) this.addTo(box, each, true);
      }
    if (nodes.length === 0) for (const node of this.graph.nodes.values()) this.addTo(box, node, false);
    return box;
  }

  private addTo(box: Box3, node: Node, evenHidden: boolean): void {
    const own = new Box3();
    if (this.meshes.worldBox(node, own)) box.union(own);
    else if (evenHidden || node.shown) box.expandByPoint(new Vector3().setFromMatrixPosition(node.world));
  }

  private placeAlong(ndc: { x: number; y: number }): Vec3 {
    this.flush();
    const hit = pickMesh(this.rig.ray(ndc), this.meshes.drawn());
    const { x, y, z } = ndc.x === 0 && ndc.y === 0 ? this.groundAlong(ndc) : (hit?.point ?? this.groundAlong(ndc));
    return [x, y, z];
  }

  /** Somebody who has fallen silent fades; who has said the same again meanwhile does not, and costs no frame. */
  private wakeForFade(nowMs: number): void {
    clearTimeout(this.wakeTimer);
    const next = this.people.nextFadeMs(nowMs);
    if (next === null) return;
    this.wakeTimer = setTimeout(() => {
      const laterMs = performance.now();
      if (this.people.isMoving(laterMs)) this.invalidate();
      else this.wakeForFade(laterMs);
    }, next - nowMs + 1);
  }
}
