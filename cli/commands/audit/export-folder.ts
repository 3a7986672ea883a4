import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "../../settings.ts";

/** Names of the files and folders of an export. */
const EXPORTED = /^(manifest|checkpoint|tile|restore|entries\..+|names\.csv)$/;

/**
 * Runs `work`, which writes an export to a temporary folder, and moves the result to `out`, which
 * is created if needed. If `work` fails, its files are removed.
 * @throws CommandError if `out` holds an export or cannot be written, and whatever `work` throws
 */
export async function writeExport<T>(
  out: string,
  work: (unfinished: string) => Promise<T>,
): Promise<T> {
  await refuseExport(out);
  // Inside `out`, which may be a mounted volume: files cannot be renamed from one disk to another.
  const unfinished = join(out, `.unfinished-${randomUUID()}`);
  try {
    await mkdir(unfinished, { recursive: true }).catch(notWritten);
    const result = await work(unfinished);
    await publish(unfinished, out);
    return result;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function refuseExport(out: string): Promise<void> {
  const names = await readdir(out).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    return notWritten(error);
  });
  if (names.some((name) => EXPORTED.test(name)))
    throw new CommandError("The folder already holds an export. Choose another folder.");
}

/** Moves the manifest last: a folder that has one is a complete export. */
async function publish(unfinished: string, out: string): Promise<void> {
  // Another command may have written to the folder in the meantime.
  await refuseExport(out);
  const names = await readdir(unfinished).catch(notWritten);
  for (const name of [...names.filter((other) => other !== "manifest"), "manifest"])
    await rename(join(unfinished, name), join(out, name)).catch(notWritten);
}

/** @throws CommandError if the file cannot be written */
export const writeExported = (path: string, content: string | Uint8Array): Promise<void> =>
  writeFile(path, content).catch(notWritten);

/** @throws CommandError always, with the code of the system's error */
export function notWritten(cause: unknown): never {
  const { code } = cause as NodeJS.ErrnoException;
  throw new CommandError(
    `The export could not be written (${code}). Free space or choose another folder, and run the command again.`,
    { cause },
  );
}
