/** `@sealdesk/client/node`: what `@sealdesk/client` needs in Node. */
export { openStore } from "./open-store.ts";
export { webSocket } from "./web-socket.node.ts";
