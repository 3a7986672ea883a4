import { spawnSync } from "node:child_process";
import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { ensureInstalled } from "../../support/debian-packages.ts";
import {
  endAll,
  postmasterOf,
  spawnServer,
  status,
  temporaryHome,
  type ServerProcess,
} from "../../support/server-process.ts";
import { until } from "../../support/until.ts";

let folder: Awaited<ReturnType<typeof temporaryHome>>;
let server: ServerProcess;
beforeEach(async () => {
  folder = await temporaryHome();
});
afterEach(async () => {
  await endAll(folder.home, [server]);
  await folder.remove();
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** More log lines than a pipe holds. */
async function makeItLog(url: string): Promise<void> {
  for (let round = 0; round < 20; round++)
    await Promise.all(Array.from({ length: 20 }, () => status(`${url}/v1/nothing`)));
}

async function stopsWithItsDatabase(): Promise<void> {
  server.process.kill("SIGTERM");
  expect(await server.ended()).toBe(0);
  expect(await postmasterOf(folder.home)).toBeUndefined();
}

test("the readers of its output and of its errors go away: it serves on, and stops with its database", async () => {
  server = spawnServer(folder.home);
  const url = await server.url();
  server.process.stdout!.destroy();
  server.process.stderr!.destroy();
  await makeItLog(url);
  expect(await status(`${url}/readyz`)).toBe(200);
  await stopsWithItsDatabase();
});

test("the disk that its output goes to is full: it starts, serves, and stops with its database", async () => {
  const full = openSync("/dev/full", "w");
  const port = await freePort();
  server = spawnServer(folder.home, { stdio: ["ignore", full, full], port });
  closeSync(full);
  const url = await server.url();
  await makeItLog(url);
  expect(await status(`${url}/readyz`)).toBe(200);
  await stopsWithItsDatabase();
});

test("the reader of its output takes nothing: it serves on, and stops with its database", async () => {
  const path = `${folder.home}-pipe`;
  execFileSync("mkfifo", [path]);
  // The server itself has the reading end of this pipe open, and never reads.
  const pipe = openSync(path, "r+");
  const port = await freePort();
  server = spawnServer(folder.home, { stdio: ["ignore", pipe, pipe], port });
  closeSync(pipe);
  const url = await server.url();
  await makeItLog(url);
  expect(await status(`${url}/readyz`)).toBe(200);
  await stopsWithItsDatabase();
});

test("SIGHUP does not stop a server without a terminal, as under nohup", async () => {
  server = spawnServer(folder.home);
  const url = await server.url();
  server.process.kill("SIGHUP");
  await makeItLog(url);
  expect(await status(`${url}/readyz`)).toBe(200);
  await stopsWithItsDatabase();
});

test("a terminal that is closed stops the server and its database", async () => {
  ensureInstalled(() => spawnSync("script", ["--version"]).status === 0, ["bsdutils"]);
  // script(1) gives it a terminal, which is gone when script is.
  const wrap = (command: readonly string[]) => {
    const quoted = command.map((word) => `'${word}'`).join(" ");
    return ["script", "--quiet", "--command", `exec ${quoted}`, "/dev/null"];
  };
  server = spawnServer(folder.home, { stdio: "ignore", port: await freePort(), wrap });
  const url = await server.url();
  server.process.kill("SIGKILL");
  await until(async () => (await status(`${url}/healthz`)) === 0);
  await until(async () => (await postmasterOf(folder.home)) === undefined);
});
