import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Probe } from "./probe.ts";

export interface BareRelay {
  readonly url: string;
  readonly probe: Probe;
  close(): Promise<void>;
}

/**
 * A relay that trusts everybody, in a process of its own. @param databaseUrl where it stores what it
 * accepts: the bare prototype; undefined: it stores nothing, which is bare `ws`.
 */
export async function startBareRelay(databaseUrl?: string): Promise<BareRelay> {
  const probe = new Probe();
  const child = fork(fileURLToPath(new URL("./bare-relay-server.js", import.meta.url)), {
    env: {
      PATH: process.env["PATH"],
      ...probe.environment,
      ...(databaseUrl !== undefined && { BARE_DATABASE_URL: databaseUrl }),
    },
  });
  const ended = once(child, "exit");
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return {
    url: `http://127.0.0.1:${port}`,
    probe,
    async close() {
      child.disconnect();
      await ended;
    },
  };
}
