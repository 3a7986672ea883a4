import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { freePort } from "./server-process.ts";

/** A real redis-server on its own port that keeps nothing on disk. */
export interface RedisServer {
  readonly url: string;
  /** Ends it at once, like a crash. */
  kill(): Promise<void>;
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>;
}

export const isRedisInstalled = (): boolean =>
  spawnSync("redis-server", ["--version"]).status === 0;

/** @throws Error if it is not installed or does not start */
export async function startRedisServer(): Promise<RedisServer> {
  const port = await freePort();
  let child = await start(port);
  return {
    url: `redis://127.0.0.1:${port}`,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
    async restart() {
      child = await start(port);
    },
  };
}

async function start(port: number): Promise<ChildProcess> {
  const options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", tmpdir()];
  const child = spawn("redis-server", ["--port", String(port), ...options], { stdio: "ignore" });
  await once(child, "spawn");
  while (!(await answers(port)))
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
  return child;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString().startsWith("+PONG"));
    });
    socket.once("error", () => setTimeout(() => resolve(false), 10));
  });
}
