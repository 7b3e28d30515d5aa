/**
 * What the view draws with; null where the browser has no WebGL 2. A canvas keeps the context that it was first asked
 * for, so whoever asks again gets the same one. Stands by itself, since the page asks before the view's code is here.
 */
export function drawingContext(canvas: HTMLCanvasElement): WebGL2RenderingContext | null {
  try {
    return canvas.getContext("webgl2", { antialias: true, alpha: false, powerPreference: "high-performance" });
  } catch {
    return null;
  }
}
