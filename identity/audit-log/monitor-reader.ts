import { appendEntry } from "../../audit/append-entry.ts";
import { appendRefusal } from "../../audit/append-refusal.ts";
import { openPublished, type Publication } from "../../audit/read/published-log.ts";
import { logOf, type TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { decideMonitorReading } from "../../policies/audit-access.ts";
import { FairCache } from "../../policies/fair-cache.ts";
import { findTenant } from "../accounts/tenant.ts";
import { IdentityError } from "../identity-error.ts";
import type { LogReading } from "./follow-log.ts";
import { hashOfToken } from "./monitors.ts";

/** Reads of one monitor within this time are audited by one entry. */
const READING_MS = 3_600_000;
const MOST_READERS = 10_000;

/** What a monitor asks for, and its proof that it may. */
export interface MonitorRequest {
  /** The slug of the tenant. */
  readonly slug: string;
  readonly token: string;
  /** Such as "checkpoint" or "tile/0/000.p/5". */
  readonly path: string;
  readonly requestId: string;
}

/** Serves tenants' logs as the files of C2SP tlog-tiles, to programs that have a token. */
export class MonitorReader {
  readonly #deps: LogReading & { readonly publication: Publication };
  /** The time of each monitor's last audit entry. */
  readonly #readers = new FairCache<number>(MOST_READERS);

  constructor(deps: LogReading & { readonly publication: Publication }) {
    this.#deps = deps;
  }

  /**
   * Returns a file of the tenant's log as of its published head; undefined when there is none. A monitor's
   * first read in an hour is audited, and each refusal.
   * @throws IdentityError invalid_token, also if there is no such tenant; LogError malformed; AuditError
   *   audit_log_altered and the refusals of `KnownHeads.open`
   */
  async read({ slug, token, path, requestId }: MonitorRequest): Promise<Uint8Array | undefined> {
    const { pool, heads, publication, now } = this.#deps;
    const tenant = await findTenant(pool, slug);
    if (tenant === undefined) throw refused();
    const { id } = tenant;
    const monitor = await this.#find(id, token);
    const nowMs = now();
    const decision = decideMonitorReading(monitor, tenant, nowMs);
    const entry = {
      tenant: id,
      occurredAtMs: nowMs,
      action: "audit.read_tiles",
      resource: { type: "audit-log", id },
      decision,
      requestId,
    } as const;
    if (monitor === undefined || !decision.allowed) {
      const actor = { kind: "system", id: "monitor" } as const;
      const reason = decision.reasons[0] ?? "forbidden";
      await appendRefusal(pool, { ...entry, actor, outcome: "refused", reason });
      throw refused();
    }
    return inTransaction(pool, id, async (client) => {
      const log = await openPublished(client, logOf(id), heads, publication);
      const bytes = await log?.source.read(path);
      if (!this.#isRecent(id, monitor.name, nowMs)) {
        const actor = { kind: "system", id: `monitor ${monitor.name}` } as const;
        await appendEntry(client, { ...entry, actor, outcome: "success" });
        this.#readers.set(id, monitor.name, nowMs);
      }
      return bytes;
    });
  }

  async #find(tenant: TenantId, token: string) {
    return inTransaction(this.#deps.pool, tenant, async (client) => {
      const { rows } = await client.query<{ name: string; expiresAtMs: number }>(
        `select name, expires_at_ms as "expiresAtMs" from audit_monitors where token_hash = $1`,
        [hashOfToken(token)],
      );
      return rows[0];
    });
  }

  /** A clock that was put back makes no reading older. */
  #isRecent(tenant: TenantId, name: string, nowMs: number): boolean {
    return Math.abs(nowMs - (this.#readers.get(tenant, name) ?? -Infinity)) < READING_MS;
  }
}

const refused = (): IdentityError =>
  new IdentityError(
    "invalid_token",
    "The token is not one of a monitor of this tenant, or it has ended. Ask the operator for another one.",
  );
