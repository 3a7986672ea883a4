import { Worker } from "node:worker_threads";
import {
  DetectorHost,
  maxTextLength,
  type Answer,
  type ThreadEvents,
} from "../../../moderation/detect/sandbox/detector-host.ts";

/** A detector that does what the text says. */
const program = `
  const { parentPort } = require("node:worker_threads");
  parentPort.on("message", ({ id, text }) => {
    if (text === "throw") throw new Error("no");
    if (text === "hang") for (;;);
    if (text === "eat") for (const eaten = []; ; ) eaten.push(new Array(1e6).fill(id));
    if (text === "exit") process.exit(0);
    if (text === "nonsense") return parentPort.postMessage({ id, findings: 7 });
    parentPort.postMessage({ id, findings: text.length });
  });`;

let threads = 0;
const start = ({ onAnswer, onFailed }: ThreadEvents) => {
  threads++;
  const resourceLimits = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };
  const worker = new Worker(program, { eval: true, resourceLimits, stderr: true });
  worker.on("message", (answer: Answer) => onAnswer(answer));
  worker.on("error", onFailed);
  worker.on("exit", onFailed);
  return {
    post: (question: unknown) => worker.postMessage(question, []),
    terminate: () => void worker.terminate(),
  };
};

/** Lets the time end only if the test says so, so that no test depends on how fast the machine is. */
const timers = new Set<() => void>();
const after = (_ms: number, act: () => void) => {
  timers.add(act);
  return () => void timers.delete(act);
};

const host = new DetectorHost<number>({
  start,
  parse(findings) {
    if (findings === 7) throw new Error("seven");
    return Number(findings);
  },
  timeoutMs: 1000,
  after,
});
afterAll(() => host.close());

test.each(["throw", "eat", "exit", "nonsense"])(
  "a detector that answers %s costs one text",
  async (text) => {
    const [bad, good] = [host.find(text), host.find("four")];
    await expect(bad).rejects.toMatchObject({ code: "detector_failed" });
    await expect(good).resolves.toBe(4);
  },
);

test("a detector that does not end is stopped, and the next text is judged", async () => {
  const [bad, good] = [host.find("hang"), host.find("four")];
  const before = threads;
  for (const act of Array.from(timers)) act();
  await expect(bad).rejects.toMatchObject({ code: "detector_failed" });
  await expect(good).resolves.toBe(4);
  expect(threads).toBe(before + 1);
});

test("a text of 60 KB is judged, and one that no message can have is refused", async () => {
  await expect(host.find("x".repeat(60_000))).resolves.toBe(60_000);
  await expect(host.find("x".repeat(maxTextLength + 1))).rejects.toMatchObject({
    code: "text_too_long",
  });
});

test("whoever waits is told when it closes", async () => {
  const closing = new DetectorHost<number>({ start, parse: Number, timeoutMs: 1000, after });
  const waiting = [closing.find("hang"), closing.find("four")];
  closing.close();
  const outcomes = await Promise.allSettled(waiting);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});
