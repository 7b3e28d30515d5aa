import { useEffect, useState } from "preact/hooks";
import type { Entity, MeshGeometry } from "@theta/client";
import { nameOf } from "../actions/action.js";
import { sentence } from "../sentence.js";
import { useWorkspace } from "../workspace.js";
import { Section, type SectionProps } from "./inspector_section.js";

/** How large the active object's mesh is; the mesh is in memory already when the view shows it. */
export function MeshSection({ entity, chosen, disabled }: SectionProps & { readonly entity: Entity }) {
  const workspace = useWorkspace();
  const { editor } = workspace;
  const [text, setText] = useState("Reading…");
  useEffect(() => {
    let left = false;
    setText("Reading…");
    editor.room.loadMesh(entity.mesh as string).then(
      (mesh) => {
        if (!left) setText(describe(mesh));
      },
      (error: unknown) => {
        if (!left) setText(sentence(error));
      },
    );
    return () => {
      left = true;
    };
  }, [entity.mesh]);
  const remove = () => {
    const ids = chosen.filter(({ mesh }) => mesh !== undefined).map(({ id }) => id);
    void editor.perform(`Remove mesh of ${nameOf(workspace, ids)}`, (step) => {
      const targets = ids.filter((id) => step.scene.get(id)?.mesh !== undefined);
      return step.submit({ command: "set_mesh", targets, mesh: null });
    });
  };
  return (
    <Section title="Mesh" icon="cube" onRemove={disabled ? undefined : remove}>
      <p class="facts">{text}</p>
      <p class="hint asset-id" title={entity.mesh}>{`Asset ${entity.mesh?.slice(0, 12) ?? ""}…`}</p>
    </Section>
  );
}

function describe(mesh: MeshGeometry): string {
  const count = (number: number, what: string) => `${number.toLocaleString("en")} ${what}`;
  const extras = [
    mesh.normals === undefined ? "" : "normals",
    mesh.uv0 === undefined ? "" : "texture coordinates",
    mesh.colors === undefined ? "" : "vertex colours",
  ].filter((extra) => extra !== "");
  const sizes = `${count(mesh.positions.length / 3, "vertices")}, ${count(mesh.indices.length / 3, "triangles")}`;
  return extras.length === 0 ? sizes : `${sizes}; ${extras.join(", ")}`;
}
