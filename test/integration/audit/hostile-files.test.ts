import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { formatVkey } from "../../../audit/verify/note.ts";
import { verifyFiles } from "../../../cli/commands/audit/verify.ts";
import { verifyLines } from "../../../cli/commands/audit/verify-lines.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { MemoryLog } from "../../support/memory-log.ts";

const log = new MemoryLog();
log.append(Array.from({ length: 300 }, (_, at) => utf8(`entry ${at}`)));
const vkey = formatVkey(nodeChecks.sha256, log.key);
const BUNDLE = "tile/entries/000";

describe("a folder", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "sealdesk-hostile-"));
    for (const [path, bytes] of log.files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test.each<[string, (place: string) => unknown]>([
    ["an endless device", (place) => symlink("/dev/zero", place)],
    ["a pipe without a writer", (place) => execFileSync("mkfifo", [place])],
    ["a folder", (place) => mkdir(place)],
    [
      "an endless file",
      async (place) => {
        await writeFile(place, "");
        await truncate(place, 2 ** 40);
      },
    ],
  ])("with %s in a file's place is refused, and the error names the place", async (_, put) => {
    for (const path of ["checkpoint", BUNDLE]) {
      await rm(join(folder, path), { recursive: true });
      await put(join(folder, path));
      const refused = verifyFiles(folder, { vkey });
      await expect(refused).rejects.toMatchObject({ code: "malformed", place: path });
      await rm(join(folder, path), { recursive: true });
      await writeFile(join(folder, path), log.files.get(path) ?? "");
    }
    await verifyFiles(folder, { vkey });
  });
});

describe("an export of lines", () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "sealdesk-hostile-"))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test.each<[string, (place: string) => unknown]>([
    ["an endless device", (place) => symlink("/dev/zero", place)],
    ["a pipe without a writer", (place) => execFileSync("mkfifo", [place])],
    ["more data than a manifest has", (place) => writeFile(place, Buffer.alloc(2 ** 20 + 1, "x"))],
    ["data that is not text", (place) => writeFile(place, Uint8Array.of(0xff, 0xfe))],
  ])("with %s in its manifest's place is refused", async (_, put) => {
    await put(join(folder, "manifest"));
    await expect(verifyLines(folder, log.key)).rejects.toMatchObject({ code: "malformed" });
  });
});

describe("a web server", () => {
  let server: Server;
  let url: string;
  let answer: "right" | "endless" | "compressed";
  const megabyte = Buffer.alloc(2 ** 20);
  const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20));
  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = (request.url ?? "").slice(1);
      if (path !== BUNDLE || answer === "right") return void response.end(log.files.get(path));
      if (answer === "compressed")
        return void response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
      const more = () => {
        while (response.write(megabyte));
      };
      response.on("drain", more);
      more();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test("is read like a folder; a server that sends too much is cut off", async () => {
    answer = "right";
    expect(await verifyFiles(url, { vkey })).toMatch(/^Verified 300 entries/);
    for (answer of ["endless", "compressed"] as const)
      await expect(verifyFiles(url, { vkey })).rejects.toMatchObject({
        code: "malformed",
        place: BUNDLE,
      });
  });
});
