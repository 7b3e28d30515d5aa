// Emscripten's output, which the WebAssembly build makes; core.ts says what is in it.
declare module "*/theta_web.js" {
  const createModule: (options: { wasmBinary?: Uint8Array }) => Promise<unknown>;
  export default createModule;
}
