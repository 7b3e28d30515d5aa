// The one place where tinygltf's implementation is compiled. It uses file streams without including them when told to
// leave files alone, and includes nlohmann-json with hidden visibility unless that came before.
#include <fstream>
#include <limits>

#include "json_cursor.h"

#define TINYGLTF_IMPLEMENTATION
#include "model.h"

#include "text.h"

namespace theta::interchange {

tinygltf::Model read_model(const Json& clean) {
  const auto text = clean.dump();
  if (text.size() > std::numeric_limits<unsigned int>::max())
    reject(ImportError::too_large, "the document is over 4 GiB");
  tinygltf::Model model;
  tinygltf::TinyGLTF loader;
  std::string error;
  std::string warning;
  if (!loader.LoadASCIIFromString(&model, &error, &warning, text.data(), static_cast<unsigned int>(text.size()), "",
                                  tinygltf::NO_REQUIRE))
    reject(ImportError::malformed, "the glTF library refuses the document: " + printable(error, 200));
  // Everything after this indexes by what was checked, so the library must have kept every element.
  const bool complete =
      model.accessors.size() == clean["accessors"].size() && model.bufferViews.size() == clean["bufferViews"].size() &&
      model.meshes.size() == clean["meshes"].size() && model.nodes.size() == clean["nodes"].size() &&
      model.materials.size() == clean["materials"].size() && model.textures.size() == clean["textures"].size() &&
      model.cameras.size() == clean["cameras"].size() &&
      model.lights.size() == clean["extensions"]["KHR_lights_punctual"]["lights"].size();
  if (!complete) reject(ImportError::malformed, "the glTF library did not take over every element of the document");
  return model;
}

}  // namespace theta::interchange
