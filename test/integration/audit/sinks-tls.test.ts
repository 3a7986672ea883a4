import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { openSink } from "../../../audit/sinks/open-sink.ts";
import { ensureInstalled } from "../../support/debian-packages.ts";

let folder: string;
let server: Server;
const sockets = new Set<Socket>();
const received: string[] = [];

/** Makes a certificate that signs itself, for an address. */
function certify(name: string, address: string): void {
  const files = ["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.pem`)];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=IP:${address}`];
  execFileSync("openssl", ["req", "-x509", "-days", "2", ...key, ...files, ...subject], {
    stdio: "ignore",
  });
}

beforeAll(async () => {
  ensureInstalled(() => spawnSync("openssl", ["version"]).status === 0, ["openssl"]);
  folder = await mkdtemp(join(tmpdir(), "sealdesk-sinks-tls-"));
  certify("receiver", "127.0.0.1");
  certify("elsewhere", "127.0.0.2");
  certify("other", "127.0.0.1");
});
beforeEach(() => void received.splice(0));
afterEach(async () => {
  // Those of refused handshakes would stay.
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Starts a receiver of syslog on TLS, which reads each connection to its end, and then ends it. */
async function receive(name: string): Promise<number> {
  const [key, cert] = await Promise.all(
    ["key", "pem"].map((ending) => readFile(join(folder, `${name}.${ending}`))),
  );
  server = createServer({ key, cert, allowHalfOpen: true }, (socket) => {
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => received.push(text));
    socket.on("error", () => undefined);
    socket.on("end", () => socket.end());
  });
  server.on("connection", (socket: Socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
const entry = { origin: "desk.example/audit/t/demo", index: 7, entry: Buffer.from('{"a":1}') };
const sinkAt = (port: number, ca?: string) =>
  openSink(
    { kind: "tls", host: "127.0.0.1", port },
    { caFile: ca && join(folder, `${ca}.pem`) },
    Date.now,
  );

test("a receiver that the authority certified is given the entries on TLS", async () => {
  const sink = await sinkAt(await receive("receiver"), "receiver");
  await sink.take([entry, { ...entry, index: 8 }]);
  expect(received.join("").match(/"index":\d/g)).toEqual(['"index":7', '"index":8']);
});

test.each([
  { what: "a receiver of an unknown authority", name: "receiver", ca: undefined },
  { what: "a receiver of another authority", name: "receiver", ca: "other" },
  { what: "a receiver with the certificate of another host", name: "elsewhere", ca: "elsewhere" },
])("$what is given nothing", async ({ name, ca }) => {
  const taken = (await sinkAt(await receive(name), ca)).take([entry]);
  await expect(taken).rejects.toMatchObject({ code: expect.stringMatching(/CERT/) });
  expect(received).toEqual([]);
});
