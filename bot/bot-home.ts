import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { openStore } from "../client/index.node.ts";
import type { ConversationId } from "../client/index.ts";
import type { DeviceStore } from "../crypto/device/store.ts";
import { fromBase64Url, toBase64Url, utf8 } from "../crypto/wire/bytes.ts";
import type { Kms } from "../keys/kms/kms.ts";
import { BotError } from "./bot-error.ts";
import { handOverReasons, type HandOver } from "./talk.ts";

/** The key in the key service that wraps the key of the device's store. */
const wrappingKey = "bot";
const context = utf8("sealdesk/bot-device/v1");
const wrapped = z.strictObject({ version: z.int().positive(), bytes: z.string() });
const handOver = z.strictObject({ at: z.int().positive(), reason: z.enum(handOverReasons) });

/** What the bot keeps on its disk besides the device: in which conversations it has handed over. It has no content. */
export interface HandOvers {
  /** @throws BotError home_damaged */
  readonly read: (conversation: ConversationId) => Promise<HandOver | undefined>;
  /** Resolves when the decision would survive a loss of power. The first one of a conversation stays. */
  readonly write: (conversation: ConversationId, made: HandOver) => Promise<void>;
}

/**
 * Opens the store of the bot's device. Its key is wrapped by the deployer's key service.
 * @param home the bot's folder
 * @throws KeysError; BotError home_damaged; SealdeskError store_in_use: another bot runs there
 */
export async function openDeviceStore(home: string, kms: Kms): Promise<DeviceStore> {
  const name = join(home, "device-key.json");
  await kms.ensureKey(wrappingKey, "wrapping");
  if ((await readIfThere(name)) === undefined) {
    const { version, bytes } = await kms.wrap(wrappingKey, randomBytes(32), context);
    await createDurably(name, JSON.stringify({ version, bytes: toBase64Url(bytes) }));
  }
  const { version, bytes } = parsed(wrapped, (await readIfThere(name)) ?? "", "device-key.json");
  const key = await kms.unwrap(wrappingKey, { version, bytes: fromBase64Url(bytes) }, context);
  return openStore(join(home, "device"), key);
}

/** @param home the bot's folder */
export function handOversIn(home: string): HandOvers {
  const nameOf = (conversation: ConversationId) =>
    join(home, "handed-over", `${conversation}.json`);
  return {
    async read(conversation) {
      const text = await readIfThere(nameOf(conversation));
      return text === undefined ? undefined : parsed(handOver, text, "handed-over");
    },
    write: (conversation, { at, reason }) =>
      createDurably(nameOf(conversation), JSON.stringify({ at, reason })),
  };
}

function parsed<T>(schema: z.ZodType<T>, text: string, name: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const { data } = schema.safeParse(json);
  if (data === undefined)
    throw new BotError("home_damaged", `A file of the bot's folder is damaged: ${name}.`);
  return data;
}

const isCode = (error: unknown, code: string): boolean =>
  (error as NodeJS.ErrnoException).code === code;

const readIfThere = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").catch((error: unknown) => {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  });

/** Writes a file that is complete or absent, also after a loss of power. It replaces nothing. */
async function createDurably(path: string, text: string): Promise<void> {
  const parent = dirname(path);
  const temporary = join(parent, `.${randomUUID()}`);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  try {
    await synced(temporary, "wx", (file) => file.writeFile(text));
    await link(temporary, path).catch((error: unknown) => {
      if (!isCode(error, "EEXIST")) throw error;
    });
    await synced(parent, "r", () => Promise.resolve());
  } finally {
    await rm(temporary, { force: true });
  }
}

async function synced(
  path: string,
  flags: "wx" | "r",
  work: (file: Awaited<ReturnType<typeof open>>) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await work(file);
    await file.sync();
  } finally {
    await file.close();
  }
}
