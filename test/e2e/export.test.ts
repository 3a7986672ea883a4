import { randomBytes } from "node:crypto";
import { cp, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportFolder, newExportKey } from "../../client/index.node.ts";
import type { ExportTarget, Fetch } from "../../client/index.ts";
import type { CaseId } from "../../crypto/wire/ids.ts";
import { SeededRandom } from "../../tools/testkit/seeded-random.ts";
import { staffDevice, type TestDevice } from "../support/device.ts";
import { MATTER, placeHold } from "../support/holds.ts";
import {
  connectCustomer,
  connectStaff,
  joined,
  type Member,
  type MemberOptions,
} from "../support/member.ts";
import { decide } from "../support/requests.ts";
import { restrict } from "../support/restrictions.ts";
import { runSealdesk, runSealdeskAlone } from "../support/sealdesk-command.ts";
import { startTestServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let folder: string;
let officer: TestDevice;
let vkey: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-export-"));
  server = await startTestServer({
    attachments: { kind: "directory", folder: join(folder, "blobs") },
  });
  officer = await staffDevice(server, "privacy_officer");
  vkey = (await runSealdesk(server, ["audit", "vkey", "--tenant", server.tenant.slug])).out.trim();
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const CARD = "4111 1111 1111 1111";
const FILE = randomBytes(300_000);

/** A customer and an agent who talked, and the request of the customer, which is accepted. */
async function talked(right: "access" | "portability" = "access", options: MemberOptions = {}) {
  const customer = await connectCustomer(server, options);
  const agent = await connectStaff(server);
  const said = await customer.sealdesk.openConversation({ with: [agent.sealdesk.user.id] });
  const answered = await joined(agent, said.id);
  await said.send(`<b>Where</b> is my card? It was ${CARD}.`);
  await answered.send("It is on its way to you.");
  await said.sendAttachment({ name: "Brief & Siegel.txt", type: "text/plain", data: FILE });
  const { seq } = await answered.send("Thank you.");
  await said.messages({ after: seq - 1 }).next();
  const { id } = await customer.sealdesk.rights.request(right);
  expect((await decide(officer, id, "accepted")).status).toBe(204);
  await agent.sealdesk.close();
  return { customer, agent, request: id, conversation: said.id };
}

async function sealedTo(name: string) {
  const key = await newExportKey();
  const path = join(folder, name);
  await writeFile(`${path}.key`, `# a key\n${key.identity}\n`);
  return { path, keyFile: `${path}.key`, target: await exportFolder(path, key) };
}

const verify = (path: string, ...more: readonly string[]) =>
  runSealdeskAlone(["export", "verify", path, "--key", vkey, ...more], {});
const openInto = (path: string, keyFile: string, into: string) =>
  runSealdeskAlone(
    ["export", "open", path, "--identity", keyFile, "--key", vkey, "--into", into],
    {},
  );
const stateOf = async ({ sealdesk }: Member, id: CaseId) =>
  (await sealdesk.rights.list()).find((each) => each.id === id)?.state;

describe("a copy", () => {
  let customer: Member;
  let request: CaseId;
  let sealed: Awaited<ReturnType<typeof sealedTo>>;
  let opened: string;
  beforeAll(async () => {
    ({ customer, request } = await talked());
    const custodian = await staffDevice(server, "compliance_officer");
    const held = await placeHold(server, officer, custodian, {
      subject: customer.sealdesk.user.id,
    });
    expect(held.status).toBe(201);
    sealed = await sealedTo("whole");
    opened = join(folder, "opened");
  }, 60_000);
  afterAll(() => customer?.sealdesk.close());

  test("is written by the person's own device, answers the request, and leaves who took it in the log", async () => {
    const told: number[] = [];
    const copy = await customer.sealdesk.rights.export(request, sealed.target, {
      onProgress: ({ written }) => void told.push(written),
    });
    expect(copy).toMatchObject({ parts: 1, events: told.at(-1) });
    expect(await stateOf(customer, request)).toBe("answered");
    const entries = (await server.auditEntries()).filter(({ action }) =>
      String(action).startsWith("export."),
    );
    for (const action of ["export.begin", "export.pack", "export.read_record", "export.complete"])
      expect(entries.filter((entry) => entry["action"] === action)).toHaveLength(1);
    expect(entries.every(({ subject }) => subject === customer.sealdesk.user.id)).toBe(true);
    await expect(
      customer.sealdesk.rights.export(request, (await sealedTo("again")).target),
    ).rejects.toMatchObject({ code: "request_refused", problem: "case_moved" });
  });

  test("is opened by the command, and people can read it", async () => {
    const { code, out, err } = await openInto(sealed.path, sealed.keyFile, opened);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("events of 1 conversations");
    const page = await readFile(join(opened, "conversations/0001/0001.html"), "utf8");
    expect(page).toContain("&lt;b&gt;Where&lt;/b&gt; is my card? It was •••• •••• •••• 1111.");
    expect(page).toContain("It is on its way to you.");
    const index = await readFile(join(opened, "index.html"), "utf8");
    expect(index).toContain("1 conversation with you: 4 messages and 1 file.");
    const [name = ""] = await readdir(join(opened, "attachments/0001"));
    expect(name).toContain("Brief & Siegel.txt");
    expect(await readFile(join(opened, "attachments/0001", name))).toEqual(FILE);
    const record = JSON.parse(await readFile(join(opened, "data/record.json"), "utf8")) as {
      readonly recipients: readonly { readonly role: string }[];
    };
    expect(record.recipients).toEqual([
      expect.objectContaining({ role: "agent", conversations: 1 }),
    ]);
    expect((await verify(opened)).out).toContain("Verified with the key of");
    expect((await verify(opened)).out).toContain("The organisation does not vouch for them.");
  });

  test("holds no full card number and no legal hold, and nothing of it is in the clear before it is opened", async () => {
    const files = await readdir(opened, { recursive: true, withFileTypes: true });
    for (const file of files.filter((each) => each.isFile())) {
      const text = await readFile(join(file.parentPath, file.name), "utf8");
      expect(text).not.toContain(CARD);
      expect(text).not.toContain(MATTER);
    }
    const part = await readFile(join(sealed.path, "part-0001.tar.age"), "latin1");
    expect(part.startsWith("age-encryption.org/v1\n")).toBe(true);
    expect(part).not.toContain("It is on its way");
  });

  test("is refused after one flipped bit or a cut, and the place is named", async () => {
    const random = new SeededRandom(7);
    const bad = join(folder, "bad");
    const tried = async (name: string, change: (path: string) => Promise<void>) => {
      await rm(bad, { recursive: true, force: true });
      await cp(name.startsWith("part") ? sealed.path : opened, bad, { recursive: true });
      await change(join(bad, name));
      const more = name.startsWith("part") ? ["--identity", sealed.keyFile] : [];
      const { code, err } = await verify(bad, ...more);
      expect([name, code]).toEqual([name, 1]);
      expect(err).toContain(name);
    };
    const flip = async (path: string) => {
      const file = await open(path, "r+");
      const { size } = await file.stat();
      const at = random.below(size);
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
      await file.write(Buffer.of((buffer[0] ?? 0) ^ (1 << random.below(8))), 0, 1, at);
      await file.close();
    };
    const cut = async (path: string) => truncate(path, 1_000);
    for (let times = 0; times < 3; times++) await tried("part-0001.tar.age", flip);
    await tried("part-0001.tar.age", cut);
    await tried("part-0001.tar.age", (path) => rm(path));
    for (const name of [
      "index.html",
      "data/record.json",
      "data/conversations/0001/0001.json",
      "conversations/0001/0001.html",
      "files.json",
    ])
      await tried(name, flip);
    await tried("conversations/0001/0001.html", cut);
    // The manifest names the field that was changed.
    await rm(bad, { recursive: true, force: true });
    await cp(opened, bad, { recursive: true });
    const manifest = await readFile(join(bad, "manifest.json"), "utf8");
    await writeFile(join(bad, "manifest.json"), manifest.replace('"events":', '"events":1'));
    expect(await verify(bad)).toMatchObject({ code: 1, err: expect.stringContaining("events") });
  });

  test("is not complete without its manifest", async () => {
    const bad = join(folder, "without");
    await cp(sealed.path, bad, { recursive: true });
    await rm(join(bad, "manifest.json"));
    expect(await verify(bad)).toMatchObject({
      code: 1,
      err: expect.stringContaining("not complete"),
    });
  });
});

test("a conversation whose processing is restricted is in the person's copy", async () => {
  const { customer, request } = await talked();
  const { target, path, keyFile } = await sealedTo("restricted");
  expect((await restrict(officer, customer.sealdesk.user.id)).status).toBe(201);
  await customer.sealdesk.rights.export(request, target);
  await customer.sealdesk.close();
  const into = join(folder, "restricted-opened");
  expect((await openInto(path, keyFile, into)).code).toBe(0);
  expect(await readFile(join(into, "index.html"), "utf8")).toContain("4 messages");
});

test("a copy for portability has only what the person provided", async () => {
  const { customer, request } = await talked("portability");
  const { path, keyFile, target } = await sealedTo("portable");
  await customer.sealdesk.rights.export(request, target);
  await customer.sealdesk.close();
  const into = join(folder, "portable-opened");
  expect((await openInto(path, keyFile, into)).code).toBe(0);
  const page = await readFile(join(into, "data/conversations/0001/0001.json"), "utf8");
  expect(page).toContain("is my card?");
  expect(page).not.toContain("It is on its way to you.");
});

test("a copy that is interrupted goes on after the last part that is kept", async () => {
  const { customer, request } = await talked();
  const { path, keyFile, target } = await sealedTo("interrupted");
  const dying: ExportTarget = {
    ...target,
    async writePart(number, content) {
      let left = 20_000;
      for await (const piece of content) if ((left -= piece.length) < 0) throw new Error("killed");
      return target.writePart(number, content);
    },
  };
  await expect(customer.sealdesk.rights.export(request, dying)).rejects.toThrow("killed");
  const restarted = await customer.restart();
  // Everything is written, but the answer to the last call is lost.
  const silent: ExportTarget = {
    ...target,
    writeManifest: async () => {
      throw new Error("killed");
    },
  };
  await expect(restarted.sealdesk.rights.export(request, silent)).rejects.toThrow("killed");
  expect(await stateOf(restarted, request)).toBe("answered");
  const last = await restarted.restart();
  await last.sealdesk.rights.export(request, target);
  await last.sealdesk.close();
  expect(await verify(path, "--identity", keyFile)).toMatchObject({ code: 0 });
});

test("a page that was altered on the way is refused, and its place is named", async () => {
  const attack: { change?: (frames: string[]) => string[] } = {};
  const altering: Fetch = async (url, init) => {
    const response = await fetch(url, init);
    if (attack.change === undefined || !url.includes("/pages/")) return response;
    const { frames } = (await response.json()) as { readonly frames: string[] };
    const text = JSON.stringify({ frames: attack.change(frames) });
    const { ok, status, headers } = response;
    return { ok, status, headers, text: async () => text };
  };
  const { customer, request } = await talked("access", { runtime: { fetch: altering } });
  const { target } = await sealedTo("altered");
  const take = () => customer.sealdesk.rights.export(request, target);
  // The frame ends with the hash of the event before.
  const flipped = (frame: string) => {
    const bytes = Buffer.from(frame, "base64url");
    bytes[bytes.length - 5]! ^= 1;
    return bytes.toString("base64url");
  };
  attack.change = (frames) => frames.map((frame, at) => (at === 2 ? flipped(frame) : frame));
  await expect(take()).rejects.toMatchObject({
    code: "export_altered",
    message: expect.stringContaining("Event 3 of the conversation"),
  });
  attack.change = (frames) => frames.slice(0, -1);
  await expect(take()).rejects.toMatchObject({
    code: "export_altered",
    message: expect.stringContaining("are not those that the server packed"),
  });
  delete attack.change;
  await take();
  await customer.sealdesk.close();
});

test("nobody takes the copy of somebody else, and data that is erased meanwhile makes a new one", async () => {
  const { customer, request, conversation } = await talked();
  const stranger = await connectCustomer(server);
  await expect(
    stranger.sealdesk.rights.export(request, (await sealedTo("stolen")).target),
  ).rejects.toMatchObject({ code: "request_refused", problem: "request_not_found" });
  await stranger.sealdesk.close();
  const { path, keyFile, target } = await sealedTo("changed");
  let times = 0;
  const erasing: ExportTarget = {
    ...target,
    async hasPart(number, part) {
      return target.hasPart(number, part);
    },
    async writePart(number, content) {
      if (++times === 1)
        await server.database.owner.query(
          "delete from sealdesk.events where conversation = $1 and kind = 1 and seq = (select min(seq) from sealdesk.events where conversation = $1 and kind = 1)",
          [conversation],
        );
      return target.writePart(number, content);
    },
  };
  const copy = await customer.sealdesk.rights.export(request, erasing);
  await customer.sealdesk.close();
  expect(times).toBe(2);
  const { code, out } = await verify(path, "--identity", keyFile);
  expect([code, out]).toEqual([0, expect.stringContaining(`${copy.events} events`)]);
});
