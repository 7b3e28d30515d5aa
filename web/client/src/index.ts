export { connect } from "./connect.js";
export * from "./room.js";
export * from "./types.js";
