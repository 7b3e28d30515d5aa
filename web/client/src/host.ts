import { Engine } from "./engine.js";
import { type Port } from "./protocol.js";

/** Where the engine runs, and how to end it. */
export interface EngineHost {
  readonly port: Port;
  end(): void;
}

class LocalPort implements Port {
  onmessage: ((event: { data: any }) => void) | null = null;
  other!: LocalPort;

  postMessage(message: unknown): void {
    queueMicrotask(() => this.other.onmessage?.({ data: message }));
  }
}

/** Both ends on this thread: Node, and pages without workers. */
export function startInline(): EngineHost {
  const [page, engine] = [new LocalPort(), new LocalPort()];
  page.other = engine;
  engine.other = page;
  Engine.listen(engine);
  return { port: page, end: () => (page.onmessage = engine.onmessage = null) };
}

export function startEngine(onCrash: (text: string) => void): EngineHost {
  if (typeof Worker === "undefined" || typeof document === "undefined") return startInline();
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "theta" });
  worker.onerror = (event) => onCrash(event.message || "the worker that runs the core could not be started");
  return { port: worker as unknown as Port, end: () => worker.terminate() };
}
