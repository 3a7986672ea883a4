import { randomBytes } from "node:crypto";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Encrypter } from "age-encryption";
import { OPERATOR } from "../../../audit/operator.ts";
import { newExportKey } from "../../../client/index.node.ts";
import type { Conversation } from "../../../client/index.ts";
import { startEmbeddedPostgres } from "../../../db/embedded-postgres.ts";
import { createPool } from "../../../db/pool.ts";
import { findTenant } from "../../../identity/accounts/tenant.ts";
import { decideOnRequest } from "../../../workflows/requests/decide-on-request.ts";
import { AtRest } from "../../testkit/at-rest.ts";
import { connectDevice, newDeviceHome } from "../../testkit/connect-device.ts";
import { DEMO_TENANT } from "../../testkit/demo-tenant.ts";
import { newId } from "../../testkit/ids.ts";
import { People } from "../../testkit/people.ts";
import { runExport } from "../../testkit/run-export.ts";
import { freePort, spawnServer, stopServer, untilReady } from "../../testkit/server-process.ts";
import type { Progress } from "../options.ts";
import { round } from "../statistics.ts";

const TEXT = "The appointment is on Thursday at ten. Please bring the letter of your doctor.";
const AT_ONCE = 500;
const FILE_BYTES = 32 * 1024 * 1024;
const MIB = 1024 * 1024;

export interface Export {
  readonly messages: number;
  readonly attachmentMiB: number;
  /** From the call to the signed manifest. */
  readonly takeSeconds: number;
  /** `sealdesk export open`, with all checks. */
  readonly openSeconds: number;
  readonly deviceMiB: number;
  readonly openMiB: number;
  /** How much the server grew at its largest, from before the copy. */
  readonly serverGrewMiB: number;
  /** Encrypting as many bytes with age, and nothing else. */
  readonly bareAgeSeconds: number;
  /** What the device received and opened with libsignal before, message by message. */
  readonly receivedPerSecond: number;
}

const command = fileURLToPath(new URL("../../../cli/main.js", import.meta.url));
const run = promisify(execFile);

/** Measures the copy of a person who has written much: taking it on a device, and opening it. */
export async function measureExport(
  size: { readonly messages: number; readonly attachmentBytes: number },
  progress: Progress,
): Promise<Export> {
  const home = await mkdtemp(join(tmpdir(), "sealdesk-bench-"));
  await chmod(home, 0o755);
  const outside = await mkdtemp(join(tmpdir(), "sealdesk-bench-copy-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await spawnServer(home, port, { LOG_LEVEL: "error" });
  try {
    await untilReady(server, url);
    const arranged = await arrange({ home, outside, url }, size, progress);
    const serverPid = server.pid ?? 0;
    await forgetPeak(serverPid);
    const before = await peakMiB(serverPid);
    progress(`taking a copy of ${size.messages} messages`);
    const folder = join(outside, "copy");
    const { identity, recipient } = await newExportKey();
    await writeFile(join(outside, "key"), `${identity}\n`);
    const beganMs = performance.now();
    const taken = await runExport({ ...arranged.task, folder, recipient }, () => undefined);
    const takeSeconds = (performance.now() - beganMs) / 1_000;
    if (!taken.isDone) throw new Error("the copy was not taken");
    const serverGrewMiB = round((await peakMiB(serverPid)) - before);
    progress("opening it");
    const opened = await openCopy(outside, arranged.vkey, home);
    const bareAgeSeconds = await bareAge(recipient, size.attachmentBytes + size.messages * 1_024);
    return {
      messages: size.messages,
      attachmentMiB: round(size.attachmentBytes / MIB),
      takeSeconds: round(takeSeconds, 1),
      ...opened,
      deviceMiB: taken.peakMiB,
      serverGrewMiB,
      bareAgeSeconds,
      receivedPerSecond: arranged.receivedPerSecond,
    };
  } finally {
    await stopServer(server).catch(() => undefined);
    for (const each of [home, outside]) await rm(each, { recursive: true, force: true });
  }
}

interface Place {
  readonly home: string;
  readonly outside: string;
  readonly url: string;
}

/** Lets a customer and an agent write, and accepts the request of the customer. */
async function arrange(
  { home, outside, url }: Place,
  { messages, attachmentBytes }: { readonly messages: number; readonly attachmentBytes: number },
  progress: Progress,
) {
  const { ownerUrl } = await startEmbeddedPostgres(join(home, "postgres"));
  const pool = createPool(ownerUrl, { max: 1 });
  const atRest = await AtRest.open(home, ownerUrl);
  try {
    const tenant = await findTenant(pool, DEMO_TENANT);
    if (tenant === undefined) throw new Error("the server made no development tenant");
    const people = await People.open({
      home,
      ownerUrl,
      tenant,
      profiles: atRest.profiles,
      publicUrl: url,
    });
    const token = people.newCustomer();
    const { username, password } = await people.newAgent("the agent");
    const [own, other] = [newDeviceHome(outside), newDeviceHome(outside)];
    const customer = await connectDevice(url, own, {
      grant: "customer_token",
      tenant: DEMO_TENANT,
      token,
    });
    const agent = await connectDevice(url, other, {
      grant: "password",
      tenant: DEMO_TENANT,
      username,
      password,
    });
    const conversation = await customer.sealdesk.openConversation({
      with: [agent.sealdesk.user.id],
    });
    const answered = await joined(agent.sealdesk, conversation.id);
    progress(`writing ${messages} messages and ${round(attachmentBytes / MIB)} MiB of files`);
    const beganMs = performance.now();
    let last = 0;
    for (let sent = 0; sent < messages; sent += AT_ONCE) {
      const count = Math.min(AT_ONCE, messages - sent);
      const all = await Promise.all(
        Array.from({ length: count }, (_, index) => answered.send(`${TEXT} ${sent + index}`)),
      );
      last = all.at(-1)?.seq ?? last;
    }
    await until(conversation, last);
    const receivedPerSecond = round(messages / ((performance.now() - beganMs) / 1_000));
    for (let left = attachmentBytes; left > 0; left -= FILE_BYTES)
      await conversation.sendAttachment({
        name: "scan.bin",
        type: "application/octet-stream",
        data: randomBytes(Math.min(left, FILE_BYTES)),
      });
    const { id: request } = await customer.sealdesk.rights.request("access");
    await customer.sealdesk.close();
    await agent.sealdesk.close();
    await decideOnRequest(
      { pool, now: Date.now, newId },
      { tenant: tenant.id, operator: OPERATOR },
      { id: request, decision: "accepted" },
    );
    const { stdout } = await run(
      process.execPath,
      [command, "audit", "vkey", "--tenant", DEMO_TENANT],
      { env: { PATH: process.env["PATH"], SEALDESK_HOME: home, PUBLIC_URL: url } },
    );
    const task = {
      url,
      tenant: DEMO_TENANT,
      token: await token(),
      store: own.folder,
      key: Buffer.from(own.key).toString("hex"),
      address: own.address,
      request,
    };
    return { task, vkey: stdout.trim(), receivedPerSecond };
  } finally {
    await pool.end();
    await atRest.close();
  }
}

type Connected = Awaited<ReturnType<typeof connectDevice>>["sealdesk"];

const joined = (sealdesk: Connected, id: Conversation["id"]): Promise<Conversation> =>
  new Promise((resolve) => {
    const known = sealdesk.conversation(id);
    if (known !== undefined) return resolve(known);
    sealdesk.on("conversation", (conversation) => {
      if (conversation.id === id) resolve(conversation);
    });
  });

/** Resolves when the device has the event `seq`. */
async function until(conversation: Conversation, seq: number): Promise<void> {
  await conversation.messages({ after: seq - 1 }).next();
}

/** A module that prints the peak of the memory of its process, in KiB, at the end. */
const PRINT_PEAK = `data:text/javascript,process.on("exit",()=>console.error(process.resourceUsage().maxRSS))`;

async function openCopy(outside: string, vkey: string, home: string) {
  const [folder = "", key = "", into = ""] = ["copy", "key", "opened"].map((name) =>
    join(outside, name),
  );
  const beganMs = performance.now();
  const words = ["export", "open", folder, "--identity", key, "--key", vkey, "--into", into];
  const { stderr } = await run(process.execPath, ["--import", PRINT_PEAK, command, ...words], {
    env: { PATH: process.env["PATH"], SEALDESK_HOME: home },
  });
  const openSeconds = round((performance.now() - beganMs) / 1_000, 1);
  return { openSeconds, openMiB: round(Number(stderr.trim().split("\n").at(-1)) / 1_024) };
}

/** Encrypts random bytes with age, and does nothing with them. @returns how many seconds it takes */
async function bareAge(recipient: string, bytes: number): Promise<number> {
  const piece = randomBytes(64 * 1_024);
  function* pieces(): Generator<Uint8Array> {
    for (let left = bytes; left > 0; left -= piece.length) yield piece;
  }
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const beganMs = performance.now();
  const sealed = await encrypter.encrypt(Readable.toWeb(Readable.from(pieces())));
  for await (const _ of Readable.fromWeb(sealed));
  return round((performance.now() - beganMs) / 1_000, 1);
}

/** Returns how large a process was at most, in MiB. */
async function peakMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024;
}

/** Has the kernel count the largest size of a process anew (proc(5)). */
const forgetPeak = (pid: number): Promise<void> =>
  writeFile(`/proc/${pid}/clear_refs`, "5").catch(() => undefined);
