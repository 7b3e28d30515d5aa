import type { Entity, Transform, Vec3 } from "@theta/client";
import { nameOf } from "../actions/action.js";
import { NumberField } from "../components/number_field.js";
import type { Unit } from "../components/number_text.js";
import { fromEulerDegrees, toEulerDegrees } from "../transforms.js";
import { useWorkspace, type Workspace } from "../workspace.js";
import { common, keyOfChosen, Section, type SectionProps } from "./inspector_section.js";

type Part = "position" | "rotation" | "scale";
const kAxes = ["x", "y", "z"] as const;
/** Three numbers stand side by side in the narrowest panel. */
const kCharacters = 6;
/** Of presence: more drags than this are shown to others only at their end. */
const kDraggingMax = 16;

interface Row {
  readonly part: Part;
  readonly label: string;
  readonly unit: Unit;
  readonly step: number;
  readonly digits: number;
}
const kRows: readonly Row[] = [
  { part: "position", label: "Position", unit: "length", step: 0.1, digits: 3 },
  { part: "rotation", label: "Rotation", unit: "angle", step: 1, digits: 2 },
  { part: "scale", label: "Scale", unit: "none", step: 0.05, digits: 3 },
];

function read(transform: Transform, part: Part): Vec3 {
  return part === "rotation" ? toEulerDegrees(transform.rotation) : transform[part];
}

/** The transform with one number of one part replaced. */
export function withPart(transform: Transform, part: Part, axis: number, value: number): Transform {
  const numbers = read(transform, part).map((old, place) => (place === axis ? value : old)) as unknown as Vec3;
  return part === "rotation"
    ? { ...transform, rotation: fromEulerDegrees(numbers) }
    : { ...transform, [part]: numbers };
}

/**
 * Position, rotation and scale in the parent's space, also while the view's gizmo moves them. A scrub shows to others
 * live and is one command at its end.
 */
export function TransformSection({ chosen, disabled }: SectionProps) {
  const workspace = useWorkspace();
  const { gesture } = workspace.editor;
  const shown = (entity: Entity) => gesture.value.get(entity.id) ?? entity.transform;
  return (
    <Section title="Transform" icon="move">
      {kRows.map((row) => (
        <div key={row.part} class="vector" role="group" aria-label={row.label}>
          <span class="vector-label">{row.label}</span>
          {kAxes.map((axis, place) => (
            <NumberField
              key={`${axis} ${keyOfChosen(chosen)}`}
              label={`${row.label} ${axis.toUpperCase()}`}
              axis={axis}
              prefix={axis.toUpperCase()}
              unit={row.unit}
              step={row.step}
              digits={row.digits}
              disabled={disabled}
              characters={kCharacters}
              value={rounded(common(chosen, (entity) => round(read(shown(entity), row.part)[place] as number)))}
              onPreview={(value) => preview(workspace, chosen, row.part, place, value)}
              onCommit={(value) => commit(workspace, chosen, row, place, value)}
              onCancel={() => stopPreview(workspace)}
            />
          ))}
        </div>
      ))}
      <p class="hint">Rotation turns about X, then Y, then Z of the parent’s axes.</p>
    </Section>
  );
}

/** Angles come out of quaternions with noise in the last digits, which would make equal ones look different. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
function rounded(value: number | null): number | null {
  return value === null || Object.is(value, -0) ? (value === null ? null : 0) : value;
}

function preview(workspace: Workspace, chosen: readonly Entity[], part: Part, axis: number, value: number): void {
  const dragging = chosen
    .slice(0, kDraggingMax)
    .map(({ id, transform }) => ({ entity: id, transform: withPart(transform, part, axis, value) }));
  workspace.editor.dragging.value = dragging;
}

function stopPreview({ editor }: Workspace): void {
  editor.dragging.value = [];
}

async function commit(
  workspace: Workspace,
  chosen: readonly Entity[],
  row: Row,
  axis: number,
  value: number,
): Promise<void> {
  const { editor } = workspace;
  const ids = chosen.map(({ id }) => id);
  const verb = { position: "Move", rotation: "Rotate", scale: "Scale" }[row.part];
  const scrubbed = editor.dragging.peek();
  await editor.perform(`${verb} ${nameOf(workspace, ids)}`, (step) => {
    // What somebody else moved during the scrub, or a step before this one, keeps its other numbers.
    const entities = ids.map((id) => step.scene.get(id)).filter((entity) => entity !== undefined);
    return step.submit({
      command: "set_transform",
      targets: entities.map(({ id }) => id),
      transforms: entities.map(({ transform }) => withPart(transform, row.part, axis, value)),
    });
  });
  // By now another number may be under way.
  if (editor.dragging.peek() === scrubbed) stopPreview(workspace);
}
