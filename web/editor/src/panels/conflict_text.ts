import type { Conflict } from "@theta/client";
import type { Editor } from "../editor.js";
import { nameOr } from "./people.js";

/** What a person calls an edit of theirs, as in "Your move of …"; the labels of undo use the same words. */
const kEdits: Readonly<Record<string, string>> = {
  create_entities: "adding",
  delete_entities: "deletion",
  duplicate_entities: "duplication",
  rename_entity: "renaming",
  reparent_entities: "move",
  reorder_entities: "reordering",
  set_transform: "move",
  translate_by: "move",
  rotate_by: "rotation",
  scale_by: "scaling",
  set_mesh: "change of the mesh",
  set_material: "change of the material",
  set_light: "change of the light",
  set_camera: "change of the camera",
  set_visibility: "showing or hiding",
  change_tags: "change of the tags",
  undo: "undo",
  redo: "redo",
};

/** One command sets places, angles and sizes; what the person did of these, the step's label begins with. */
const kTransformEdits: Readonly<Record<string, string>> = { Move: "move", Rotate: "rotation", Scale: "scaling" };

/** What somebody did who wrote a component, as in "Bob, who …". */
const kDeeds: Readonly<Record<string, string>> = {
  existence: "deleted it",
  parent: "moved it elsewhere in the tree",
  name: "renamed it",
  transform: "moved, rotated or scaled it",
  mesh: "changed its mesh",
  material: "changed its material",
  visibility: "showed or hid it",
  tags: "changed its tags",
  light: "changed its light",
  camera: "changed its camera",
};

/** Who, what and why, in the words of the editor; `conflict.text` says the same in those of the log. */
export function conflictText(editor: Editor, conflict: Conflict): string {
  const { outcome } = conflict;
  const { blocker } = outcome;
  const what = editOf(editor, conflict);
  if (blocker === undefined) return `Your ${what} did not go through.`;
  const who = nameOr(conflict.blocker_name);
  const name = nameInScene(editor, blocker.entity);
  const did = kDeeds[blocker.component] ?? "changed it";
  if (outcome.reason === "no_such_entity" || outcome.reason === "parent_missing") {
    const gone = outcome.reason === "parent_missing" ? "what it should go into" : "its object";
    return `Your ${what} did not go through: ${who} has deleted ${gone}.`;
  }
  if (outcome.status === "applied") return `Your ${what} left out ${name}: ${who} ${did} meanwhile.`;
  if (outcome.status === "rejected") return `Your ${what} of ${name} did not go through: ${who} ${did} first.`;
  return `Your ${what} of ${name} lost to ${who}, who ${did} meanwhile.`;
}

function editOf(editor: Editor, { handle, outcome }: Conflict): string {
  const [verb = ""] = editor.undoLabels.labelOf(handle)?.split(" ") ?? [];
  if (outcome.command === "set_transform" && kTransformEdits[verb] !== undefined) return kTransformEdits[verb];
  return kEdits[outcome.command] ?? "edit";
}

function nameInScene(editor: Editor, id: string): string {
  const entity = editor.room.scene.get(id);
  if (entity === undefined) return "something that was deleted";
  return entity.name === "" ? "an object without a name" : `“${entity.name}”`;
}
