import { startNodeThread } from "./node-thread.node.ts";
import { Detectors } from "./detectors.ts";

/** Starts the detectors in a thread of Node, which has at most 128 MiB of memory. */
export const openDetectors = (): Detectors => new Detectors((events) => startNodeThread(events));
