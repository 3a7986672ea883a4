import { AuditError } from "../../../../audit/audit-error.ts";
import { readSignedHeads } from "../../../../audit/checkpoints/unkept-heads.ts";
import { openOurs } from "../../../../audit/integrate/open-ours.ts";
import type { LogKey } from "../../../../audit/logs.ts";
import { readPublished, type Publication } from "../../../../audit/read/published-log.ts";
import { destroyFormerAuditKey, recordInterruptedRetirement } from "../../../../keys/audit-key.ts";
import { openKms } from "../../../../keys/kms/open-kms.ts";
import { CommandError, type Settings } from "../../../settings.ts";
import { withRestoring, type Restoring } from "../restore/restoring.ts";
import { takeLock } from "../restore/take-lock.ts";

/**
 * Destroys the former audit key, if nothing needs it any more. If an earlier call was interrupted after that,
 * it only records what was done.
 * @throws CommandError: a node runs, no other key signs, or something is signed by the former key alone
 */
export async function retireKeyCommand(settings: Settings): Promise<string> {
  await withRestoring(settings, async (restoring) => {
    await takeLock(restoring.client);
    const { kms } = await openKms(settings.kms());
    const { ownerUrl } = restoring;
    const deps = { ownerUrl, kms, now: Date.now, by: settings.operator };
    try {
      if (await recordInterruptedRetirement(deps)) return;
      await assertReplaced(restoring, settings.audit.publication);
      await destroyFormerAuditKey(deps);
    } finally {
      await kms.close();
    }
  });
  return "The former audit key is destroyed. Heads that it alone signed count no more.";
}

async function assertReplaced(
  { client, store, signer, restores }: Restoring,
  publication: Publication,
): Promise<void> {
  const { next } = signer;
  if (next === undefined)
    throw new CommandError("No other key signs the logs. Run sealdesk audit key rotate first.");
  if (restores.all.length > 0)
    throw new CommandError(
      "A restore from a backup is declared, which the former audit key signed. Nodes need that key to read the declaration, so it cannot be destroyed.",
    );
  const heads = await readSignedHeads(client);
  for (const { note } of [...heads, ...(await store.all())])
    if (!isSignedBy(next, note))
      throw new CommandError(
        `The new key has not signed the newest head of ${originIn(note)} yet. Start a node until /readyz answers 200, stop it, and run this again.`,
      );
  if (publication.quorum === 0) return;
  for (const { log } of heads) {
    const note = await readPublished(client, log, publication);
    if (note !== undefined && !isSignedBy(next, note))
      throw new CommandError(
        `The new key has not signed the head of ${originIn(note)} that is served, because the witnesses have not cosigned a newer one. Start a node, wait until they have, stop it, and run this again.`,
      );
  }
}

const originIn = (note: string) => note.split("\n")[0];

function isSignedBy({ publicKey }: LogKey, note: string): boolean {
  try {
    openOurs(note, publicKey);
    return true;
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return false;
  }
}
