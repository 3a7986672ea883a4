import { mkdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { webSocket } from "../client/index.node.ts";
import { Sealdesk } from "../client/index.ts";
import { signalSuite } from "../crypto/device/suites/signal/index.ts";
import { processEnvironment } from "../keys/environment/env-file.ts";
import { openKms } from "../keys/kms/open-kms.ts";
import { readKmsSettings } from "../keys/kms/kms-settings.ts";
import { BotError } from "./bot-error.ts";
import { handOversIn, openDeviceStore } from "./bot-home.ts";
import { readConfig } from "./config.ts";
import { runBot } from "./run-bot.ts";

export interface RunOptions {
  readonly home: string;
  readonly config: string;
  readonly server: string;
  readonly tenant: string;
  readonly username: string;
  readonly passwordFile: string;
  readonly keyLog?: string;
  readonly authority?: string;
}

/** How long the keys of the bot's messages are used. */
const limits = { maxMessages: 100, maxAgeMs: 3_600_000 };

/**
 * Runs the bot until the signal aborts. It prints ids and codes, never content.
 * @throws BotError, SealdeskError, KeysError, ConfigError
 */
export async function runCommand(
  options: RunOptions,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { server: url, tenant, username, keyLog, authority } = options;
  const config = await readConfig(options.config);
  const [password = ""] = (await readPassword(options.passwordFile)).split(/\r?\n/);
  if (password === "") throw new BotError("invalid_option", "--password-file names an empty file.");
  const { examples, categories, answers } = config.counts;
  print(
    `Trained with ${examples} examples of ${categories} categories; ${answers} have an answer.`,
  );
  const home = resolve(options.home);
  await mkdir(home, { recursive: true, mode: 0o700 });
  const store = await openStoreIn(home);
  const sealdesk = await Sealdesk.connect({
    url,
    credentials: { grant: "password", tenant, username, password },
    store,
    suite: signalSuite(limits),
    webSocket,
    ...(keyLog !== undefined && { keyLog }),
    ...(authority !== undefined && { authority }),
  }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  try {
    print(`Talking as ${sealdesk.user.id}.`);
    await runBot({
      sealdesk,
      config,
      handOvers: handOversIn(home),
      signal,
      now: () => Date.now(),
      onHandOver: (conversation, reason, hasPerson) =>
        print(
          `${conversation}: handed over, ${reason}; ${hasPerson ? "a person" : "no person"} is a member.`,
        ),
      onHeld: (conversation, code) => print(`${conversation}: a reply waits: ${code}.`),
    });
  } finally {
    await sealdesk.close();
  }
}

const readPassword = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((cause: unknown) => {
    throw new BotError("invalid_option", "--password-file names a file that cannot be read.", {
      cause,
    });
  });

/** The key service is needed only to open the store. */
async function openStoreIn(home: string) {
  const environment = processEnvironment();
  // Without NODE_ENV the keyring must be sealed, as in production.
  const production = !["development", "test"].includes(environment["NODE_ENV"] ?? "production");
  const { kms } = await openKms(readKmsSettings(environment, { home, production }));
  try {
    return await openDeviceStore(home, kms);
  } finally {
    await kms.close();
  }
}
