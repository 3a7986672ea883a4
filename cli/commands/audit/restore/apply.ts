import { readFile } from "node:fs/promises";
import { nodeChecks } from "../../../../audit/node-checks.ts";
import {
  formatDeclaration,
  parseDeclaration,
  type DeclaredLog,
} from "../../../../audit/restore/declaration.ts";
import { recordRestores } from "../../../../audit/restore/record-restore.ts";
import { readRestores } from "../../../../audit/restore/restores.ts";
import { signDeclaration } from "../../../../audit/restore/sign-declaration.ts";
import { assertApproved, type RestoredLog } from "../../../../audit/verify/log-restore.ts";
import { formatVkey, type NoteKey } from "../../../../audit/verify/note.ts";
import { equalBytes } from "../../../../crypto/wire/bytes.ts";
import { asOwner } from "../../../../db/as-owner.ts";
import { withdrawPreKeys } from "../../../../identity/prekeys/withdraw-prekeys.ts";
import { CommandError, type Settings } from "../../../settings.ts";
import { catchUpIfAlone } from "../open-log.ts";
import { lostLine } from "./lost-line.ts";
import { configuredApprovers, lostLogs, withRestoring, type Restoring } from "./restoring.ts";
import { takeLock } from "./take-lock.ts";

/**
 * Applies a declaration that two approvers signed. It counts from the moment when it is stored
 * outside. Then the database records it, and until it does, no node continues the logs. Run it again
 * after an interruption.
 */
export async function applyCommand(settings: Settings, file: string): Promise<string> {
  const configured = configuredApprovers(settings);
  const declared = parseDeclaration(await readFile(file, "utf8"));
  for (const { restore, note } of declared) assertApproved(nodeChecks, restore, note);
  const lines = await withRestoring(settings, async (restoring) => {
    const { client, ownerUrl, store, signer, logs } = restoring;
    await takeLock(client);
    const isApplied = holds(restoring, declared);
    if (!isApplied) {
      assertNames(configured, declared);
      await assertFits(restoring, declared);
      await keepOutside(restoring, declared);
    }
    const restores = await readRestores(store, signer.publicKey, configured);
    await asOwner(ownerUrl, "", async (owner) => {
      const isNew = await recordRestores(owner, restores, logs, Date.now());
      if (isNew) await withdrawPreKeys(owner);
    });
    return [
      ...declared.map(({ restore }) => lostLine(restore)),
      isApplied ? "The restore was applied before." : "The restore is applied.",
    ];
  });
  const refusal = await continueLogs(settings);
  if (refusal !== undefined)
    throw new CommandError([...lines, `The logs do not continue: ${refusal.message}`].join("\n"));
  return lines.join("\n");
}

/**
 * Requires that the declaration names the configured people. Once it is kept outside, it counts if
 * two configured people signed it, and more people may have been added since.
 */
function assertNames(configured: readonly NoteKey[], declared: readonly DeclaredLog[]): void {
  if (declared.some(({ restore }) => vkeysOf(restore.approvers) !== vkeysOf(configured)))
    throw new CommandError(
      "The declaration names other approvers than AUDIT_RESTORE_APPROVERS. Declare the restore again.",
    );
}

const vkeysOf = (keys: readonly NoteKey[]): string =>
  keys.map((key) => formatVkey(nodeChecks.sha256, key)).join(" ");

/** Returns whether the declaration is kept outside. It is stored as a whole. */
const holds = ({ restores }: Restoring, declared: readonly DeclaredLog[]): boolean =>
  declared.every(({ restore: { declaration } }) =>
    restores.all.some((each) => equalBytes(each.declaration, declaration)),
  );

/**
 * @throws CommandError if database and published heads do not match the signed declaration exactly
 */
async function assertFits(restoring: Restoring, declared: readonly DeclaredLog[]): Promise<void> {
  const signed = declared.map(({ restore }) => restore);
  if (linesOf(await lostLogs(restoring)) !== linesOf(signed))
    throw new CommandError(
      "The declaration does not fit this database and the checkpoints outside it. They changed since it was written, or it is of another deployment. Declare the restore again.",
    );
}

const linesOf = (logs: readonly RestoredLog[]): string =>
  logs
    .map(({ origin, restores, published, continues }) =>
      JSON.stringify([origin, restores, headOf(published), headOf(continues)]),
    )
    .join("\n");

const headOf = ({ size, root }: { readonly size: number; readonly root: Uint8Array }) => [
  size,
  Buffer.from(root).toString("base64"),
];

/** Stores the superseded heads permanently, and then the declaration, which counts from then on. */
async function keepOutside(
  { store, signer }: Restoring,
  declared: readonly DeclaredLog[],
): Promise<void> {
  const text = formatDeclaration(await signDeclaration(signer, declared));
  const origins = new Set(declared.map(({ restore }) => restore.origin));
  for (const { log, note: head } of await store.all())
    if (origins.has(head.split("\n")[0] ?? "")) await store.keepProof(log, head);
  await store.keepDeclaration(text);
}

/** Signs the first heads after the restore, unless a node does so. */
const continueLogs = (settings: Settings): Promise<Error | undefined> =>
  withRestoring(settings, ({ ownerUrl, signer }) => catchUpIfAlone(settings, ownerUrl, signer));
