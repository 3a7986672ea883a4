import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";

/** Debian's redis-server on a port of its own, keeping nothing on disk. */
export interface TestRedis {
  readonly url: string;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>;
}

export async function startRedis(): Promise<TestRedis> {
  ensureInstalled();
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

function ensureInstalled(): void {
  const isThere = () => spawnSync("redis-server", ["--version"]).status === 0;
  if (isThere()) return;
  const mayInstall = process.getuid?.() === 0 && existsSync("/etc/debian_version");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  if (mayInstall) {
    spawnSync("apt-get", ["update", "-qq"], { env });
    spawnSync("apt-get", ["install", "-y", "-qq", "redis-server"], { env });
  }
  if (!isThere()) throw new Error("apt-get install redis-server");
}

async function start(port: number): Promise<ChildProcess> {
  const options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", tmpdir()];
  const child = spawn("redis-server", ["--port", String(port), ...options], { stdio: "ignore" });
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
