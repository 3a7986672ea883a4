import { cp, open, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newExportKey } from "../../../client/index.node.ts";
import { runExport } from "../../testkit/run-export.ts";
import { tenantSlug } from "../../demo/backend/open-backend.ts";
import type { Scenario } from "../scenario.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import type { Customer, Stage } from "../stage/stage.ts";
import type { Device } from "../stage/device.ts";
import { within } from "../stage/until.ts";

/** A process that opens 500 events at a time does not grow with their number. */
const MOST_MIB = 600;
const AT_ONCE = 500;

/** A customer takes the copy of a long conversation. Their device and the server are killed meanwhile. */
export const interruptedExport: Scenario = {
  id: "S5",
  title: "A customer takes a copy of everything; device and server are killed meanwhile.",
  demands: {
    messages: { atLeast: 1 },
    messagesInCopy: { sameAs: "messages" },
    devicesKilled: { atLeast: 1 },
    serversKilled: 1,
    answered: true,
    verified: true,
    opened: true,
    flippedBitRefused: true,
    cutRefused: true,
    memoryBounded: true,
    auditVerified: true,
  },
  async play(stage) {
    await stage.begin();
    const [customer, agent] = [await stage.customer(), await stage.staff("the agent")];
    const messages = await speak(stage, customer, agent);
    stage.tell(`The customer and the agent have exchanged ${messages} messages.`);
    const head = await keepHead(stage);
    const { id: request } = await customer.sealdesk.rights.request("access");
    await stage.sealdesk(
      "request",
      "decide",
      request,
      "--tenant",
      tenantSlug,
      "--decision",
      "accepted",
    );
    const token = await customer.token();
    await customer.switchOff();
    const { identity, recipient } = await newExportKey();
    const folder = stage.system.outside("copy");
    const keyFile = stage.system.outside("copy.key");
    await writeFile(keyFile, `${identity}\n`, { mode: 0o600 });
    const home = customer.home;
    const task = {
      url: stage.system.url,
      tenant: tenantSlug,
      token,
      store: home.folder,
      key: Buffer.from(home.key).toString("hex"),
      address: home.address,
      request,
      folder,
      recipient,
    };
    const killAt = stage.random.below(600) / 1_000;
    const first = await runExport(task, ({ written = 0, events = 1 }, kill) => {
      if (events > 1 && written / events >= killAt) kill();
    });
    stage.tell(`The device was killed after ${first.written} events.`);
    let isServerKilled = false;
    let restarting: Promise<void> = Promise.resolve();
    const second = await runExport(task, ({ written = 0, events = 1 }, kill) => {
      if (!isServerKilled) {
        isServerKilled = true;
        restarting = stage.system.kill().then(() => stage.system.start());
      } else if (events > 1 && written / events >= 0.6) kill();
    });
    await restarting;
    stage.tell("The server was killed and started again.");
    const last = second.isDone ? second : await runExport(task, () => undefined);
    await customer.switchOn();
    const [own] = await customer.sealdesk.rights.list();
    const into = stage.system.outside("opened");
    const key = await stage.auditKey();
    const sealed = ["--key", key, "--identity", keyFile];
    const verified = await stage.attempt("export", "verify", folder, ...sealed);
    const opened = await stage.attempt("export", "open", folder, ...sealed, "--into", into);
    const part = join(folder, "part-0001.tar.age");
    return {
      messages,
      messagesInCopy: await messagesIn(into),
      devicesKilled: [first, second].filter(({ isDone }) => !isDone).length,
      serversKilled: isServerKilled ? 1 : 0,
      answered: own?.state === "answered",
      verified: verified.code === 0,
      opened: opened.code === 0,
      flippedBitRefused: await isRefused(stage, part, flipBit, sealed),
      cutRefused: await isRefused(stage, part, cutShort, sealed),
      memoryBounded: last.isDone && last.peakMiB > 0 && last.peakMiB < MOST_MIB,
      auditVerified: (await verifyLog(stage, head)).code === 0,
    };
  },
};

/** Lets the two exchange as many messages as are asked for. @returns how many there are */
async function speak(stage: Stage, customer: Customer, agent: Device): Promise<number> {
  const { id, texts } = await stage.talk(customer, agent);
  const said = await customer.joined(id);
  let count = texts.length;
  while (count < stage.messages) {
    const most = Math.min(AT_ONCE, stage.messages - count);
    const sending = Array.from({ length: most }, (_, index) =>
      said.send(`${texts[(count + index) % texts.length] ?? ""} (${count + index})`),
    );
    await within("Sending many messages", Promise.all(sending), 120_000);
    count += most;
  }
  return count;
}

/** Returns how many messages the list of an opened copy names. */
async function messagesIn(folder: string): Promise<number> {
  const index = await readFile(join(folder, "index.html"), "utf8").catch(() => "");
  const [, count = "0"] = /: ([\d,]+) messages? and/.exec(index) ?? [];
  return Number(count.replaceAll(",", ""));
}

/** Returns whether the copy is refused, with the name of the part, after a change of it. */
async function isRefused(
  stage: Stage,
  part: string,
  change: (stage: Stage, path: string) => Promise<void>,
  options: readonly string[],
): Promise<boolean> {
  const kept = `${part}.kept`;
  await cp(part, kept);
  await change(stage, part);
  const folder = join(part, "..");
  const { code, errors } = await stage.attempt("export", "verify", folder, ...options);
  await cp(kept, part);
  await rm(kept);
  return code !== 0 && errors.includes("part-0001.tar.age");
}

async function flipBit({ random }: Stage, path: string): Promise<void> {
  const file = await open(path, "r+");
  const at = random.below((await file.stat()).size);
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  await file.write(Buffer.of((buffer[0] ?? 0) ^ (1 << random.below(8))), 0, 1, at);
  await file.close();
}

async function cutShort({ random }: Stage, path: string): Promise<void> {
  await truncate(path, random.below((await stat(path)).size));
}
