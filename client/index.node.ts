/** `@sealdesk/client/node`: the parts of `@sealdesk/client` that only Node needs. */
export { openStore } from "./open-store.ts";
export { webSocket } from "./web-socket.node.ts";
