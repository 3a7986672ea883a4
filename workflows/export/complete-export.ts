import { createHash } from "node:crypto";
import type { LogSigner } from "../../audit/logs.ts";
import { nodeChecks } from "../../audit/node-checks.ts";
import { signaturesOf } from "../../audit/sign-note.ts";
import { toBase64 } from "../../audit/verify/base64.ts";
import {
  decodeManifest,
  encodeManifest,
  EXPORT_TYPE,
  type ManifestBody,
} from "../../audit/verify/export/manifest.ts";
import { manifestText, rootOfPages } from "../../audit/verify/export/verify-manifest.ts";
import { formatNote } from "../../audit/verify/note.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import { logOf, type CaseId } from "../../crypto/wire/ids.ts";
import { readDatabaseClock } from "../../db/database-clock.ts";
import type { LogReading } from "../../identity/audit-log/follow-log.ts";
import { audited } from "../../identity/audited.ts";
import type { Actor } from "../../policies/actor.ts";
import { moveCase } from "../cases/move-case.ts";
import { lockCase, ofCase } from "../cases/stored-case.ts";
import { answerRequest } from "../requests/answer-request.ts";
import { readRequest } from "../requests/stored-request.ts";
import { WorkflowError } from "../workflow-error.ts";
import { readExport, readPages } from "./export-rows.ts";
import { exportMachine } from "./machine.ts";
import { assertReady, ownExport } from "./own-export.ts";

interface CompletionDeps extends LogReading {
  readonly signer: LogSigner;
}

/** What a device says that it wrote. Digests are SHA-256. */
export interface WrittenCopy {
  /** Of the record, as the device received it. */
  readonly record: Uint8Array;
  /** Of `files.json`. */
  readonly files: Uint8Array;
  readonly parts: readonly { readonly bytes: number; readonly digest: Uint8Array }[];
}

/**
 * Signs the manifest of a copy that the person's device has written, and answers the request. You may repeat it with the same
 * copy.
 * @returns the bytes of the manifest's file
 * @throws WorkflowError case_not_found, export_not_ready, case_moved; export_changed, if the record is another one than the
 *   server last gave, or the copy another one than was completed; IdentityError forbidden, device_required
 */
export function completeExport(
  deps: CompletionDeps,
  actor: Actor,
  id: CaseId,
  written: WrittenCopy,
): Promise<Uint8Array> {
  const { tenant, user } = actor;
  const act = { action: "export.complete", resource: ofCase(id), subject: user } as const;
  return audited(deps, actor, act, async (client, note) => {
    const { found: asked, decision } = await ownExport(client, actor, id);
    note({ decision });
    // The request first, as where an export is begun.
    await lockCase(client, asked.request);
    const locked = await lockCase(client, id);
    const found = await readExport(client, id);
    if (found.manifest !== null) return assertSame(found.manifest, written);
    assertReady(found);
    if (found.recordDigest === null || !equalBytes(found.recordDigest, written.record))
      throw new WorkflowError(
        "export_changed",
        "The server gave another record since. Begin another export.",
      );
    const { right } = await readRequest(client, found.request);
    const nowMs = await readDatabaseClock(client);
    const pages = (await readPages(client, id)).map(
      ({ conversation, fromSeq, untilSeq, events: count, root, head }) => ({
        conversation,
        fromSeq,
        untilSeq,
        events: count,
        root: toBase64(root),
        head: head === null ? null : toBase64(head),
      }),
    );
    const events = pages.reduce((sum, page) => sum + page.events, 0);
    const body: ManifestBody = {
      type: EXPORT_TYPE,
      tenant,
      case: id,
      request: found.request,
      subject: user,
      right,
      packedAtMs: found.packedAtMs ?? nowMs,
      signedAtMs: nowMs,
      pages,
      events,
      root: rootOfPages(nodeChecks.sha256, pages),
      ...digestsOf(written),
    };
    const log = await deps.heads.open(client, logOf(tenant));
    if (log === undefined)
      throw new WorkflowError("export_not_ready", "The audit log is not signed yet. Try again.");
    const text = manifestText(nodeChecks.sha256, log.origin, body);
    const signature = formatNote(text, await signaturesOf(deps.signer, log.origin, text));
    const file = encodeManifest({ ...body, signature });
    decodeManifest(file);
    await client.query(
      "update exports set manifest = $2, completed_at_ms = $3 where case_id = $1",
      [id, file, nowMs],
    );
    await moveCase(client, exportMachine, locked, { to: "completed", by: user }, nowMs);
    await answerRequest(client, tenant, found.request, nowMs);
    const digest = toBase64(createHash("sha256").update(file).digest());
    note({ details: { digest, events, parts: body.parts.length } });
    return file;
  });
}

const digestsOf = ({ record, files, parts }: WrittenCopy) => ({
  record: toBase64(record),
  files: toBase64(files),
  parts: parts.map(({ bytes, digest }) => ({ bytes, digest: toBase64(digest) })),
});

/** Returns the manifest again, if it is that of the same copy. @throws WorkflowError export_changed */
function assertSame(file: Uint8Array, written: WrittenCopy): Uint8Array {
  const { record, files, parts } = decodeManifest(file);
  if (JSON.stringify({ record, files, parts }) === JSON.stringify(digestsOf(written))) return file;
  throw new WorkflowError(
    "export_changed",
    "Another copy of this export was completed. Begin another export.",
  );
}
