import { openPublished, type Publication } from "../../audit/read/published-log.ts";
import { logOf } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideAuditReading } from "../../policies/audit-access.ts";
import { FairCache } from "../../policies/fair-cache.ts";
import { assertPurpose } from "../assert-purpose.ts";
import { audited, assertAllowed, auditRefusals } from "../audited.ts";
import type { LogReading } from "./follow-log.ts";

/** Reads of one session within this time are audited by one entry. */
const READING_MS = 3_600_000;
/** The number of sessions that are remembered. A forgotten session is audited again. */
const MOST_READERS = 10_000;

/** Serves tenants' logs as the files of C2SP tlog-tiles. */
export class LogReader {
  readonly #deps: LogReading & { readonly publication: Publication };
  /** The time of each session's last audit entry. */
  readonly #readers = new FairCache<number>(MOST_READERS);

  constructor(deps: LogReading & { readonly publication: Publication }) {
    this.#deps = deps;
  }

  /**
   * Returns a file of the log of the actor's tenant as of its published head; undefined when there is none. Verifying a log
   * reads thousands of files, so only a session's first read in an hour is audited, before anything
   * is read.
   * @param path such as "checkpoint" or "tile/0/000.p/5"
   * @throws IdentityError forbidden, purpose_required; LogError malformed; AuditError audit_log_altered and the refusals of
   *   `KnownHeads.open`
   */
  async read(actor: Actor, path: string): Promise<Uint8Array | undefined> {
    await this.#audit(actor);
    return inTransaction(this.#deps.pool, actor.tenant, async (client) => {
      const { heads, publication } = this.#deps;
      const log = await openPublished(client, logOf(actor.tenant), heads, publication);
      return log?.source.read(path);
    });
  }

  async #audit(actor: Actor): Promise<void> {
    const deps = { ...this.#deps, requestId: actor.requestId };
    const nowMs = deps.now();
    const resource = { type: "audit-log", id: actor.tenant } as const;
    const act = { action: "audit.read_tiles", resource } as const;
    const decision = decideAuditReading(actor, actor.tenant);
    const lastMs = this.#readers.get(actor.tenant, actor.session) ?? -Infinity;
    // A clock that was put back makes no reading older.
    const assertMayRead = async () => {
      assertAllowed(decision);
      assertPurpose(actor, "audit_log");
    };
    if (Math.abs(nowMs - lastMs) < READING_MS)
      return auditRefusals(deps, actor, act, assertMayRead);
    await audited(deps, actor, { ...act, decision }, assertMayRead);
    this.#readers.set(actor.tenant, actor.session, nowMs);
  }
}
