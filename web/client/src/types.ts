/**
 * What a scene and a room are made of, as plain values. Names and units are those of `docs/cli.md`: metres, radians,
 * candela or lux; rotations are unit quaternions `[x, y, z, w]`; everything linear.
 */

/** `"SLOT:COUNTER"`, as every peer writes it; `ROOT` is no entity. */
export type EntityId = string;
export const ROOT: EntityId = "root";
/** 64 hexadecimal digits: the BLAKE2b-256 of an asset's bytes. */
export type AssetId = string;
/** 64 hexadecimal digits: an author's Ed25519 key. */
export type AuthorKey = string;
/** Names a connection in the room, for presence; new with every connection. */
export type SessionNumber = number;
/** Counts a room's records: 1, 2, 3, … */
export type Seq = number;

export type Vec3 = readonly [number, number, number];
export type Vec4 = readonly [number, number, number, number];
export type Quat = readonly [number, number, number, number];

export interface Transform {
  readonly position: Vec3;
  readonly rotation: Quat;
  readonly scale: Vec3;
}

export interface Material {
  readonly base_color: Vec4;
  readonly metallic: number;
  readonly roughness: number;
  readonly emissive: Vec3;
  readonly alpha_mode: "opaque" | "mask" | "blend";
  readonly alpha_cutoff: number;
  readonly double_sided: boolean;
  readonly base_color_texture?: AssetId;
  readonly metallic_roughness_texture?: AssetId;
  readonly normal_texture?: AssetId;
  readonly occlusion_texture?: AssetId;
  readonly emissive_texture?: AssetId;
}

export interface Light {
  readonly kind: "point" | "directional" | "spot";
  readonly color: Vec3;
  readonly intensity: number;
  /** 0: unlimited. */
  readonly range: number;
  readonly inner_cone_angle: number;
  readonly outer_cone_angle: number;
}

export interface Camera {
  readonly kind: "perspective" | "orthographic";
  readonly vertical_fov: number;
  /** 0: the viewport's. */
  readonly aspect_ratio: number;
  readonly x_magnification: number;
  readonly y_magnification: number;
  readonly near: number;
  /** 0: infinite. */
  readonly far: number;
}

/** One entity as this peer should show it now. Immutable: a change makes a new object. */
export interface Entity {
  readonly id: EntityId;
  readonly parent: EntityId;
  readonly name: string;
  /** Local, that is in the parent's space. */
  readonly transform: Transform;
  readonly visible: boolean;
  readonly tags: readonly string[];
  readonly mesh?: AssetId;
  readonly material?: Material;
  readonly light?: Light;
  readonly camera?: Camera;
  /** Opaque bytes of applications as hexadecimal digits, by the application's number. */
  readonly application?: Readonly<Record<string, string>>;
}

/** Read access to a scene, kept on the caller's thread. Queries are synchronous and cost no copy. */
export interface Scene {
  readonly size: number;
  get(id: EntityId): Entity | undefined;
  /** In order; of `ROOT` the top level. Empty for what is not there. */
  children(id: EntityId): readonly EntityId[];
  /** Every entity, parents before children, siblings in order. */
  entities(): IterableIterator<Entity>;
}

/** What a `changed` event tells: ids to read again from the scene. Parents come before their children in `added`. */
export interface SceneChange {
  /** Everything may be different: forget and read the whole scene. The lists are empty then. */
  readonly everything: boolean;
  readonly added: readonly EntityId[];
  /** Entities with another value of any component, or another parent. */
  readonly updated: readonly EntityId[];
  readonly removed: readonly EntityId[];
  /** Parents whose list of children is different. */
  readonly reordered: readonly EntityId[];
}

// ---- Commands -----------------------------------------------------------------------------------------------------

export interface NewEntity {
  readonly name?: string;
  /** Absent: `ROOT`. */
  readonly parent?: EntityId;
  /** Instead of `parent`: the place of an earlier entity of the same list. */
  readonly parent_index?: number;
  readonly position?: Vec3;
  readonly rotation?: Quat;
  readonly scale?: Vec3;
  readonly mesh?: AssetId;
  readonly material?: Partial<Material>;
  readonly light?: Partial<Light>;
  readonly camera?: Partial<Camera>;
  readonly visible?: boolean;
  readonly tags?: readonly string[];
}

/** A command about entities that are there. */
export interface OfTargets<Name extends string> {
  readonly command: Name;
  readonly targets: readonly EntityId[];
}

export type Role = "none" | "viewer" | "editor" | "admin";
export type ConflictStrategy = "last_write_wins" | "merge" | "reject";

/** Every command there is, in the dialect of `theta join`. One gesture is one command. */
export type Command =
  | { readonly command: "create_entities"; readonly entities: readonly NewEntity[] }
  | OfTargets<"delete_entities">
  | OfTargets<"duplicate_entities">
  | { readonly command: "rename_entity"; readonly target: EntityId; readonly name: string }
  | (OfTargets<"reparent_entities"> & {
      readonly parent: EntityId;
      /** A sibling to come before; absent: at the end. */
      readonly before?: EntityId;
      /** New local ones, one a target; absent: they stay. */
      readonly transforms?: readonly Partial<Transform>[];
    })
  | (OfTargets<"reorder_entities"> & { readonly before?: EntityId })
  | (OfTargets<"set_transform"> & { readonly transforms: readonly Transform[] })
  | (OfTargets<"translate_by"> & { readonly offset: Vec3 })
  | (OfTargets<"rotate_by"> & { readonly rotation: Quat; readonly pivot?: Vec3 })
  | (OfTargets<"scale_by"> & { readonly factor: Vec3; readonly pivot?: Vec3 })
  | (OfTargets<"set_mesh"> & { readonly mesh: AssetId | null })
  // These say the component as a whole: what is left out gets its default, not the value that it had. To change one
  // value, spread what `Scene.get` shows: `{ ...entity.material, roughness: 0.2 }`.
  | (OfTargets<"set_material"> & { readonly material: Partial<Material> | null })
  | (OfTargets<"set_light"> & { readonly light: Partial<Light> | null })
  | (OfTargets<"set_camera"> & { readonly camera: Partial<Camera> | null })
  | (OfTargets<"set_visibility"> & { readonly visible: boolean })
  | (OfTargets<"change_tags"> & { readonly add?: readonly string[]; readonly remove?: readonly string[] })
  | (OfTargets<"set_app_component"> & { readonly component: number; readonly value: string | null })
  | OfTargets<"highlight_selection">
  | { readonly command: "activate_tool"; readonly tool: string }
  | { readonly command: "deactivate_tool" }
  | { readonly command: "grant_role"; readonly author: AuthorKey; readonly role: Role }
  | { readonly command: "revoke_role"; readonly author: AuthorKey; readonly keep_invite?: boolean }
  | { readonly command: "revoke_invite"; readonly invite: string }
  | {
      readonly command: "set_policy";
      readonly entity?: EntityId;
      readonly component?: string;
      readonly strategy?: ConflictStrategy;
    }
  | { readonly command: "undo" }
  | { readonly command: "redo" };

/** Whose write stands in the way, and where. */
export interface Blocker {
  /** The author's slot. */
  readonly author: number;
  readonly seq: Seq;
  readonly entity: EntityId;
  readonly component: string;
}

/** What became of a command at its place in the log. */
export interface Outcome {
  readonly command: string;
  readonly status: "applied" | "superseded" | "rejected";
  readonly reason?: string;
  readonly blocker?: Blocker;
}

/** The command is in the log and on the hub's disk. */
export interface Acknowledged {
  readonly handle: number;
  readonly seq: Seq;
  readonly outcome?: Outcome;
}

/** A command that was taken: it shows already. */
export interface Submitted {
  readonly handle: number;
  /** Of the entities that it makes, in the order of the command; copies in depth-first order. */
  readonly ids: readonly EntityId[];
  /** An earlier command, not sent yet, that this one says the same as and more: only this one is left to take back. */
  readonly replaces?: number;
  /**
   * Of an undo or redo: the command that it takes back or does again, when it was made since the page was loaded and is
   * among the newest 256, choices and tools included.
   */
  readonly took?: number;
  /**
   * Settles when the hub has answered, however long that takes; a command that was replaced settles with the one that
   * replaces it, and with that one's handle. Rejects with `CommandRefused` when it is not in the log; it is gone from
   * the scene then.
   */
  readonly settled: Promise<Acknowledged>;
}

/** A command of this peer that is in the log but lost against somebody else's, wholly or on some targets. */
export interface Conflict {
  readonly handle: number;
  readonly outcome: Outcome;
  /** Display name of who stands in the way; may be empty. */
  readonly blocker_name: string;
  /** One sentence: who, what, why. */
  readonly text: string;
}

// ---- People -------------------------------------------------------------------------------------------------------

export interface Pose {
  readonly position: Vec3;
  readonly rotation: Quat;
}

/** What moves at frame rate, in world space: lossy, the latest wins. What is absent is not shown. */
export interface Presence {
  /** Camera or head. */
  readonly view?: Pose;
  /** Shape of the view's frustum: radians, and width by height. */
  readonly view_shape?: { readonly vertical_fov: number; readonly aspect_ratio: number };
  readonly left_hand?: Pose;
  readonly right_hand?: Pose;
  readonly pointer?: { readonly origin: Vec3; readonly target: Vec3 };
  readonly hovered?: EntityId;
  /** Entities under way in a gesture, with their local transforms at this moment; at most 16. */
  readonly dragging?: readonly { readonly entity: EntityId; readonly transform: Transform }[];
}

/** Somebody who is connected now; one person may be here twice. */
export interface Participant {
  readonly session: SessionNumber;
  readonly author: AuthorKey;
  readonly name: string;
  readonly role: Role;
  /** Whether this is us. */
  readonly self: boolean;
  /** Each that arrives is another object, also when it says the same: so one can tell who has fallen silent. */
  readonly presence?: Presence;
}

/** Somebody who was ever let in. */
export interface Member {
  readonly author: AuthorKey;
  readonly name: string;
  readonly role: Role;
  /** Absent for those who never wrote. */
  readonly slot?: number;
  readonly selection: readonly EntityId[];
  readonly tool?: string;
  /** Key of the invite that the member came by. */
  readonly invite?: string;
}

// ---- Where a room stands ------------------------------------------------------------------------------------------

export type Phase = "offline" | "connecting" | "logging_in" | "attaching" | "receiving" | "live" | "stopped";
export type TransportKind = "webrtc" | "websocket";

export interface Status {
  readonly phase: Phase;
  /** Absent while there is no connection. */
  readonly transport_kind?: TransportKind;
  readonly role: Role;
  /** False: another session of the same person writes; this one only reads (`Room.takeWriter`). */
  readonly writer: boolean;
  readonly author: AuthorKey;
  readonly session?: SessionNumber;
  readonly head: Seq;
  /** Commands that wait to be sent and commands that were sent and not yet answered. */
  readonly queued_commands: number;
  readonly commands_in_flight: number;
  /** The pace that the hub allows holds queued commands back. */
  readonly rate_limited: boolean;
  /** Assets that the hub does not have yet; commands that name them wait for it. */
  readonly uploads: number;
  /** Assets that were asked for and are not on this device: they come when there is a connection. */
  readonly downloads: number;
  /** Edits that this device has not stored yet; 0 before a page may safely go. */
  readonly unstored_edits: number;
  readonly rtt_ms?: number;
  /** Whether there is a step of this person's to take back, or to do again; others may stand in its way. */
  readonly can_undo: boolean;
  readonly can_redo: boolean;
  /** The last sentence about the connection: why it ended, why it was refused; empty after `Room.goOffline`. */
  readonly text: string;
  /** Set while `phase` is `offline`: whether another attempt follows by itself. */
  readonly will_retry: boolean;
  /** An admin has revoked this person's role: the hub lets them in no more. What waits is kept, and sent if it does. */
  readonly put_out: boolean;
}

/** One command of a record, and what it did in words. */
export interface HistoryCommand {
  readonly command: string;
  /** The first 64. */
  readonly targets: readonly EntityId[];
  /** Of all targets. */
  readonly count: number;
  /** What the command calls its targets, in their order: of those that were deleted since, the scene knows no name. */
  readonly names?: readonly string[];
  readonly text: string;
}

/** One record of the room's log, for people. */
export interface HistoryEntry {
  readonly seq: Seq;
  /** Milliseconds since 1970, the hub's clock. */
  readonly time_ms: number;
  readonly author: AuthorKey;
  readonly author_name: string;
  readonly commands: readonly HistoryCommand[];
  /** True when the hub has archived what was in it. */
  readonly archived: boolean;
}

// ---- Geometry -----------------------------------------------------------------------------------------------------

/** A triangle list; every list but `indices` has one entry a vertex or is absent. */
export interface MeshGeometry {
  readonly positions: Float32Array;
  readonly normals?: Float32Array;
  readonly tangents?: Float32Array;
  readonly uv0?: Float32Array;
  readonly uv1?: Float32Array;
  /** Linear r g b a. */
  readonly colors?: Float32Array;
  readonly indices: Uint32Array;
}
