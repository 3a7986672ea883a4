import { Worker } from "node:worker_threads";
import type {
  Answer,
  DetectorThread,
  ThreadEvents,
} from "../../moderation/detect/sandbox/detector-host.ts";

/** What a thread may use. V8 ends it beyond. */
const resourceLimits = {
  maxOldGenerationSizeMb: 128,
  maxYoungGenerationSizeMb: 16,
  stackSizeMb: 4,
};

/** The module that the thread runs, as the compiler names it. */
const entry = new URL("./detector-thread.node.js", import.meta.url);

/** Starts a thread of Node that runs the detectors. It gets no environment, and its output is dropped. */
export function startNodeThread({ onAnswer, onFailed }: ThreadEvents): DetectorThread {
  const worker = new Worker(entry, { resourceLimits, env: {}, stdout: true, stderr: true });
  worker.on("message", (answer: Answer) => onAnswer(answer));
  worker.on("error", onFailed);
  worker.on("exit", onFailed);
  // Detectors alone keep no program alive.
  worker.unref();
  return {
    post: (question) => worker.postMessage(question, []),
    terminate: () => void worker.terminate(),
  };
}
