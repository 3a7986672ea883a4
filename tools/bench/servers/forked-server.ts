import { fork } from "node:child_process";
import { once } from "node:events";
import { Probe } from "./probe.ts";

export interface ForkedServer {
  readonly url: string;
  readonly probe: Probe;
  close(): Promise<void>;
}

/**
 * Runs a relay of the benchmark in its own process, measured by a probe.
 * @param script the compiled file; it sends `{ port }` once it listens on 127.0.0.1, and ends when
 *   it is disconnected
 * @throws Error if it ends before that
 */
export async function forkServer(
  script: URL,
  environment: Readonly<Record<string, string>>,
): Promise<ForkedServer> {
  const probe = new Probe();
  const child = fork(script, {
    env: { PATH: process.env["PATH"], ...probe.environment, ...environment },
  });
  const ended = once(child, "exit");
  const early = ended.then(() => {
    throw new Error(`${script.pathname} ended before it listened.`);
  });
  const listening = once(child, "message") as Promise<[{ port: number }]>;
  const [{ port }] = await Promise.race([listening, early]);
  early.catch(() => undefined);
  return {
    url: `http://127.0.0.1:${port}`,
    probe,
    async close() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
