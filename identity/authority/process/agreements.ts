import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isId, type TenantId } from "../../../crypto/wire/ids.ts";
import { replaceFile } from "../../../keys/private-file.ts";

/** The operator of the authority agreed that its key follows another one. */
export interface Agreement {
  readonly tenant: TenantId;
  /** The key that hands over: base64url, 43 characters. */
  readonly formerKey: string;
  /** The time of the agreement, in milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/** The time for which an agreement counts: an hour, in milliseconds. */
export const agreementMs = 3_600_000;

const agreement = z.strictObject({
  tenant: z.custom<TenantId>(isId),
  formerKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  atMs: z.int().min(0),
});
const file = z.strictObject({ version: z.literal(1), agreements: z.array(agreement) });

const pathIn = (home: string): string => join(home, "agreements.json");

/** Reads the agreements, which are none until the operator makes one. */
export async function readAgreements(home: string): Promise<readonly Agreement[]> {
  const text = await readFile(pathIn(home), "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? [] : file.parse(JSON.parse(text)).agreements;
}

/** Adds an agreement, and leaves out those of the same tenant that were before it. */
export async function agree(home: string, agreed: Agreement): Promise<void> {
  const others = (await readAgreements(home)).filter(({ tenant }) => tenant !== agreed.tenant);
  const agreements = [...others, agreed];
  await replaceFile(pathIn(home), `${JSON.stringify({ version: 1, agreements }, undefined, 2)}\n`);
}
