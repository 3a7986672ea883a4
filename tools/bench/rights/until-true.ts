import { setTimeout as sleep } from "node:timers/promises";

const EVERY_MS = 50;
const AT_MOST_MS = 30 * 60_000;

/** Asks again and again until the answer is true. @throws Error after half an hour */
export async function untilTrue(ask: () => Promise<boolean>): Promise<void> {
  const beganMs = performance.now();
  while (!(await ask())) {
    if (performance.now() - beganMs > AT_MOST_MS) throw new Error("the server did not do it");
    await sleep(EVERY_MS);
  }
}
