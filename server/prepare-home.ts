import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { makeFolder } from "../db/embedded/make-folder.ts";
import { ConfigError } from "../keys/environment/config-error.ts";
import type { Config } from "./config.ts";

/**
 * Creates SEALDESK_HOME if something is stored there.
 * @throws ConfigError if this user cannot create it or write to it
 */
export async function prepareHome(config: Config): Promise<void> {
  if (!isUsed(config)) return;
  try {
    await makeFolder(config.home);
    // The slash refuses a file of this name.
    await access(`${config.home}/`, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigError(`SEALDESK_HOME cannot be created or written to (${code}).`, { cause });
  }
}

function isUsed({ home, kms, databaseUrl, attachments, audit: { checkpoints } }: Config): boolean {
  return (
    kms.kind === "local" ||
    databaseUrl === undefined ||
    attachments.kind === "directory" ||
    (checkpoints.kind === "directory" && checkpoints.folder.startsWith(home))
  );
}
