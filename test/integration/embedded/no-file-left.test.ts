import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
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

/** Opens so many connections that the kernel completes, whether or not the server accepts them. */
const connections = (port: number, count: number): Promise<Socket[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      // The server may end it at once.
      socket.on("error", () => undefined);
      return socket;
    }),
  );

test("more connections than the process may open files: it lives, and serves once they are gone", async () => {
  server = spawnServer(folder.home);
  const url = await server.url();
  const { pid } = server.process;
  const opened = readdirSync(`/proc/${pid}/fd`).length;
  execFileSync("prlimit", ["--pid", String(pid), `--nofile=${opened + 4}`]);

  const sockets = await connections(Number(new URL(url).port), 40);
  await Promise.any(sockets.map((socket) => once(socket, "close")));
  for (const socket of sockets) socket.destroy();

  await until(async () => (await status(`${url}/readyz`).catch(() => 0)) === 200);
  server.process.kill("SIGTERM");
  expect(await server.ended()).toBe(0);
  expect(await postmasterOf(folder.home)).toBeUndefined();
});
