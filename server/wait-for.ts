import type { Log } from "./log.ts";

const FIRST_MS = 2_000;
const EVERY_MS = 10_000;

/** Returns the result of `work`. While it takes long, the log says which service is waited for. */
export async function waitFor<T>(log: Log, service: string, work: Promise<T>): Promise<T> {
  const startedMs = performance.now();
  let timer: NodeJS.Timeout;
  const say = () => {
    log.info("waiting", { service, seconds: Math.round((performance.now() - startedMs) / 1000) });
    timer = setTimeout(say, EVERY_MS);
  };
  timer = setTimeout(say, FIRST_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
