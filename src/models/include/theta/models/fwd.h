#pragma once

namespace theta::models {

class RoomExport;
class RoomImport;

}  // namespace theta::models
