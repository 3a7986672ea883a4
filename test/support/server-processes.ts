import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { freePort } from "../../tools/testkit/server-process.ts";

/** The built server as a process of its own. */
export interface StartedServer {
  readonly url: string;
  /** Resolves when it is ready. @throws Error with its output when it ends instead */
  ready(): Promise<void>;
  /** All that it has printed and logged. */
  output(): string;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  /** Sends SIGTERM. @returns the exit code */
  stop(): Promise<number | null>;
}

// The built server, as it is deployed: `npm run build` comes before these tests.
const main = fileURLToPath(new URL("../../dist/server/main.js", import.meta.url));

/** Starts the process, and does not wait for it. */
export async function spawnServer(
  home: string,
  environment: Readonly<Record<string, string>>,
): Promise<StartedServer> {
  const port = environment["PORT"] ?? String(await freePort());
  const child = spawn(process.execPath, [main], {
    cwd: home,
    env: { PATH: process.env["PATH"], SEALDESK_HOME: home, ...environment, PORT: port },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  const ended = once(child, "close").then(() => child.exitCode);
  return {
    url,
    output: () => output,
    ended,
    async ready() {
      while ((await fetch(`${url}/readyz`).catch(() => undefined))?.ok !== true) {
        if (child.exitCode !== null) throw new Error(`The server ended: ${output}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}
