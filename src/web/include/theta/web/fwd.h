#pragma once

namespace theta::web {

class Core;
class Link;
class SceneMirror;
class StorageQueue;

}  // namespace theta::web
