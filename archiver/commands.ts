import { mkdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { processEnvironment } from "../keys/environment/env-file.ts";
import type { Kms } from "../keys/kms/kms.ts";
import { openKms } from "../keys/kms/open-kms.ts";
import { readKmsSettings } from "../keys/kms/kms-settings.ts";
import { ArchiverError } from "./archiver-error.ts";
import { runCapture } from "./capture/run-capture.ts";
import { connectArchiver } from "./connect-archiver.ts";
import { openDeviceStore } from "./device-home.ts";
import { exportArchive, formats, type Format } from "./export/export-archive.ts";
import { openStoreOf, type PlaceOptions } from "./options.ts";
import { readDeviceKeys } from "./prove/device-keys.ts";
import { proofText } from "./prove/proof-text.ts";
import { proveArchive } from "./prove/prove-archive.ts";
import { readRecordedHeads } from "./prove/recorded-heads.ts";
import { Archive } from "./records/archive.ts";

type Print = (line: string) => void;

export interface RunOptions extends PlaceOptions {
  readonly server: string;
  readonly tenant: string;
  readonly username: string;
  readonly passwordFile: string;
  readonly ground?: string;
  readonly keyLog?: string;
  readonly authority?: string;
}

/** Archives until the signal aborts. @throws ArchiverError, SealdeskError, KeysError, ConfigError */
export async function runCommand(
  options: RunOptions,
  print: Print,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(options.home, { recursive: true, mode: 0o700 });
  const { server: url, tenant, username, ground, keyLog, authority } = options;
  return withArchive(options, async (archive, kms) => {
    const [password = ""] = (await readFile(options.passwordFile, "utf8")).split(/\r?\n/);
    if (password === "")
      throw new ArchiverError("invalid_option", "--password-file names an empty file.");
    const store = await openDeviceStore(resolve(options.home), kms);
    const credentials = { grant: "password", tenant, username, password } as const;
    const connecting = { url, credentials, store, keyLog, authority };
    const sealdesk = await connectArchiver(connecting).catch(async (error: unknown) => {
      await store.close();
      throw error;
    });
    try {
      print(`Archiving the conversations of ${sealdesk.user.id}.`);
      await runCapture({
        sealdesk,
        archive,
        tenant,
        signal,
        ground,
        onArchived: (conversation, seq, events) =>
          print(`${conversation}: archived ${events} events, up to ${seq}.`),
        onWaiting: (conversation, code) =>
          print(
            `${conversation}: waits, because nobody says whether the customer consents: ${code}.`,
          ),
      });
    } finally {
      await sealdesk.close();
    }
  });
}

export interface ProveOptions extends PlaceOptions {
  /** What `sealdesk audit export` wrote, and the key that verifies it. */
  readonly log: string;
  readonly vkey: string;
  /** What `sealdesk audit export --keys` wrote, and the key that verifies it. */
  readonly keyLog: string;
  readonly keyLogVkey: string;
  readonly json?: boolean;
}

/**
 * Compares an archive with the audit log and the key log.
 * @returns whether the archive is complete and unaltered, and the audit log covers all of it
 * @throws ArchiverError record_damaged; LogError
 */
export const proveCommand = (options: ProveOptions, print: Print): Promise<boolean> =>
  withArchive(options, async (archive) => {
    const { user } = await archive.owner();
    const recorded = await readRecordedHeads(options.log, options.vkey, user);
    const devices = await readDeviceKeys(options.keyLog, options.keyLogVkey);
    const proof = await proveArchive(archive, recorded, devices);
    print(options.json === true ? JSON.stringify(proof) : proofText(proof, recorded));
    return proof.complete;
  });

/** Writes an archive in the clear. @throws ArchiverError invalid_option, record_damaged */
export const exportCommand = (
  options: PlaceOptions & { readonly format: string; readonly out: string },
  print: Print,
): Promise<void> =>
  withArchive(options, async (archive) => {
    const format = formats.find((each): each is Format => each === options.format);
    if (format === undefined)
      throw new ArchiverError("invalid_option", `--format takes one of ${formats.join(", ")}.`);
    const { conversations, events } = await exportArchive(archive, format, options.out);
    print(`Wrote ${events} events of ${conversations} conversations to ${options.out}.`);
  });

async function withArchive<T>(
  options: PlaceOptions,
  work: (archive: Archive, kms: Kms) => Promise<T>,
): Promise<T> {
  const environment = processEnvironment();
  // Without NODE_ENV the keyring must be sealed, as in production.
  const production = !["development", "test"].includes(environment["NODE_ENV"] ?? "production");
  const home = resolve(options.home);
  const { kms } = await openKms(readKmsSettings(environment, { home, production }));
  try {
    const store = await openStoreOf(options);
    try {
      return await work(new Archive(store, kms), kms);
    } finally {
      store.close();
    }
  } finally {
    await kms.close();
  }
}
