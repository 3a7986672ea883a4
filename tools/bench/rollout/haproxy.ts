import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface HAProxy {
  /** Resolves when all nodes pass its checks. */
  allUp(): Promise<void>;
  close(): Promise<void>;
}

const shipped = fileURLToPath(new URL("../../../../deploy/haproxy.cfg", import.meta.url));

/** Runs HAProxy as `deploy/haproxy.cfg` says, without TLS, and with other addresses. */
export async function startHAProxy(
  folder: string,
  port: number,
  nodes: readonly number[],
): Promise<HAProxy> {
  const socket = join(folder, "haproxy.sock");
  const config = (await readFile(shipped, "utf8"))
    .replace("/run/haproxy/admin.sock", socket)
    .replace(/bind :443 .*/, `bind 127.0.0.1:${port}`)
    .replace(
      /server n(\d) .*/g,
      (_, n: string) => `server n${n} 127.0.0.1:${nodes[Number(n) - 1]}`,
    );
  const file = join(folder, "haproxy.cfg");
  await writeFile(file, config);
  const child = spawn("haproxy", ["-db", "-f", file], { stdio: "ignore" });
  await once(child, "spawn");
  return {
    async allUp() {
      while ((await statesOf(socket)).some((state) => state !== "UP")) await wait(50);
    },
    async close() {
      child.kill("SIGTERM");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

/** Returns the state of each node, which HAProxy tells in CSV on its admin socket. */
async function statesOf(socket: string): Promise<readonly string[]> {
  const admin = connect(socket);
  admin.end("show stat\n");
  const lines = await text(admin).then(
    (answer) => answer.split("\n").map((line) => line.split(",")),
    () => [],
  );
  const status = lines[0]?.indexOf("status") ?? -1;
  const states = lines
    .filter(([backend, name]) => backend === "nodes" && name !== "BACKEND")
    .map((line) => line[status] ?? "");
  return states.length === 0 ? ["unknown"] : states;
}
