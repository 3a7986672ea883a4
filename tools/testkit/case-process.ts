import { createPool } from "../../db/pool.ts";
import { runDueCases } from "../../workflows/cases/case-runner.ts";
import { createSampleCase } from "./sample-case.ts";

// A process that runs cases of the sample, until it is killed or its parent disconnects. It kills itself as
// `kill -9` does at the moment and the step that its arguments name.

const [, , url = "", killMoment, killStep] = process.argv;

const dieAt = async (moment: string, step: number): Promise<void> => {
  if (moment === killMoment && step === Number(killStep)) process.kill(process.pid, "SIGKILL");
};

const pool = createPool(url);
const kind = createSampleCase(pool, (moment, { found }) => dieAt(moment, found.step));
const onError = (error: unknown) => process.stderr.write(`${String(error)}\n`);
const ending = new AbortController();
process.on("disconnect", () => ending.abort());

while (!ending.signal.aborted) {
  await runDueCases({ pool, now: Date.now, kinds: [kind], onError });
  await new Promise((resolve) => setTimeout(resolve, 20));
}
await pool.end();
