/** Whether fingers point here, which want taller rows. */
export const kCoarsePointer = typeof matchMedia === "function" && matchMedia("(pointer: coarse)").matches;
