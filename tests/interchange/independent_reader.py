"""Reads a GLB with readers that share no code with Theta, and prints its counts as JSON: `independent_reader.py FILE`.

pygltflib gives the structure, trimesh decodes the geometry; both are on PyPI. `mesh_nodes` and `triangles` count a mesh
once for each node that shows it, as `theta import` does. Exits with 1 and a sentence when either refuses the file.
"""

import json
import sys

import pygltflib
import trimesh


def counts(path):
    document = pygltflib.GLTF2().load(path)
    scene = document.scenes[document.scene]
    open_nodes, seen = list(scene.nodes or []), 0
    while open_nodes:
        seen += 1
        open_nodes.extend(document.nodes[open_nodes.pop()].children or [])
    if seen != len(document.nodes):
        raise ValueError(f"the scene reaches {seen} of {len(document.nodes)} nodes")

    # process=False keeps what the file holds; otherwise trimesh merges vertices and drops triangles.
    loaded = trimesh.load_scene(path, process=False) if document.meshes else None
    triangles = [len(mesh.faces) for mesh in loaded.dump()] if loaded else []
    return {
        "nodes": len(document.nodes),
        "meshes": len(document.meshes),
        "mesh_nodes": len(triangles),
        "triangles": sum(triangles),
        "materials": len(document.materials),
        "textures": len(document.textures),
        "cameras": len(document.cameras),
        "lights": len((document.extensions or {}).get("KHR_lights_punctual", {}).get("lights", [])),
    }


def main(arguments):
    if len(arguments) != 2:
        return "usage: independent_reader.py FILE.glb"
    try:
        print(json.dumps(counts(arguments[1])))
    except Exception as error:  # whatever a reader dislikes is a finding, not a traceback
        return f"{arguments[1]}: {type(error).__name__}: {error}"
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
