/** `@sealdesk/client/node`: the parts of `@sealdesk/client` that only Node needs. */
export { openStore } from "./open-store.ts";
export { webSocket } from "./web-socket.node.ts";
export { openLoopback, type Loopback } from "./sign-in/loopback.node.ts";
export { openDetectors } from "./moderation/detectors.node.ts";
export { exportFolder, newExportKey, type ExportKey } from "./export/folder.node.ts";
