/** The thread of Node that runs the detectors. `startNodeThread` starts it. */
import { parentPort } from "node:worker_threads";
import { createDetectors } from "../../moderation/detect/find-all.ts";
import type { Question } from "../../moderation/detect/sandbox/detector-host.ts";

const find = createDetectors();

parentPort?.on("message", ({ id, text }: Question) => {
  parentPort?.postMessage({ id, findings: find(text) }, []);
});
