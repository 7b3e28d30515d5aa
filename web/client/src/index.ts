export * from "./room.js";
export * from "./types.js";
