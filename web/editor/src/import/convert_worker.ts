import { convert, type ConvertRequest, type Converted } from "./convert.js";

/** What the worker answers: the model, or the sentence that says why there is none. */
export type ConvertAnswer = Converted | { readonly error: string };

addEventListener("message", ({ data }: MessageEvent<ConvertRequest>) => {
  let answer: ConvertAnswer;
  try {
    answer = convert(data);
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) };
  }
  postMessage(answer, { transfer: "glb" in answer ? [answer.glb.buffer] : [] });
});
