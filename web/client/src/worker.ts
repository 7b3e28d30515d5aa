import { Engine } from "./engine.js";
import { type Port } from "./protocol.js";

Engine.listen(globalThis as unknown as Port);
