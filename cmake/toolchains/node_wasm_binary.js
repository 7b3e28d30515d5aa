// For programs that run under Node (--pre-js): Emscripten's loader of this version tries to fetch the file as a URL,
// which Node cannot, so the bytes are handed to it.
Module['wasmBinary'] = require('fs').readFileSync(__filename.replace(/\.js$/, '.wasm'));
