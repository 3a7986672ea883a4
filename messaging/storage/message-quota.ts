import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { uuidArray } from "../../db/binary-arrays.ts";
import type { Client } from "../../db/pool.ts";
import { isStaff, type Role } from "../../policies/actor.ts";
import { dayOf, decideMessageQuota, type StoredMessages } from "../../policies/message-quota.ts";

/** A tenant's limits, and what its logs hold. */
interface TenantUsage {
  readonly customerDay: StoredMessages;
  readonly staffDay: StoredMessages;
  readonly total: StoredMessages;
  stored: StoredMessages;
  readonly readAtMs: number;
}

/**
 * The usage of an account on a day: the usage that was read, and the usage that this node added
 * since.
 */
interface AccountUsage {
  readonly tenant: TenantId;
  readonly isStaff: boolean;
  readonly day: number;
  readonly read: StoredMessages;
  added: StoredMessages;
}

const ACCOUNTS = `
  select u.id, u.role, coalesce(sum(s.items), 0)::bigint as items, coalesce(sum(s.bytes), 0)::bigint as bytes
  from users u left join storage_usage s on s.tenant = u.tenant and s.kind = 'messages_of_account'
    and s.owner = u.id and s.day = $2
  where u.id = any($1::uuid[]) group by u.id, u.role`;
const TENANT = `
  select message_customer_day_count as "customerItems", message_customer_day_bytes as "customerBytes",
    message_staff_day_count as "staffItems", message_staff_day_bytes as "staffBytes",
    message_tenant_count as "tenantItems", message_tenant_bytes as "tenantBytes",
    coalesce(sum(s.items), 0)::bigint as items, coalesce(sum(s.bytes), 0)::bigint as bytes
  from tenants t left join storage_usage s on s.tenant = t.id and s.kind = 'messages'
    and s.owner = t.id and s.day = 0
  where t.id = $1 group by t.id`;

interface TenantRow extends StoredMessages {
  readonly customerItems: number;
  readonly customerBytes: number;
  readonly staffItems: number;
  readonly staffBytes: number;
  readonly tenantItems: number;
  readonly tenantBytes: number;
}

/** The most accounts that are remembered. Above it the one that was read first is read again. */
const MAX_ACCOUNTS = 50_000;
/** The largest age of a copy of the tenant's limits and total. */
const TENANT_AGE_MS = 5_000;
/**
 * The number of messages of an account that a node stores in any case before it reads the counts of
 * other nodes.
 */
const UNREAD_ITEMS = 16;

const nothing: StoredMessages = { items: 0, bytes: 0 };
const plus = (a: StoredMessages, b: StoredMessages): StoredMessages => ({
  items: a.items + b.items,
  bytes: a.bytes + b.bytes,
});

/** The amount that a plan of one conversation may still store. */
export interface QuotaDraft {
  /**
   * Counts a message of the account.
   * @returns 0, or, if the quota is used up, the milliseconds after which to try again
   */
  take(account: UserId, bytes: number): number;
}

/**
 * Tracks the quotas of stored messages on one node. The database keeps the counts. A node keeps a
 * copy, adds the messages that it stores, and reads again before a quota is nearly used up. So a
 * quota can be exceeded only by the messages in flight at one moment.
 */
export class MessageQuota {
  readonly #tenants = new Map<TenantId, TenantUsage>();
  readonly #accounts = new Map<UserId, AccountUsage>();

  /**
   * Reads the usage that is unknown, from another day, or too old.
   * @param client its transaction or its session is fenced to the tenant
   * @param isSure true to read a quota again that seems to be used up
   */
  async load(
    client: Client,
    tenant: TenantId,
    accounts: readonly UserId[],
    nowMs: number,
    isSure: boolean,
  ): Promise<void> {
    const known = this.#tenants.get(tenant);
    const isFull = known !== undefined && decideTenant(known, nowMs) > 0;
    if (
      known === undefined ||
      Math.abs(nowMs - known.readAtMs) > TENANT_AGE_MS ||
      (isSure && isFull)
    )
      await this.#readTenant(client, tenant, nowMs);
    const unknown = [...new Set(accounts)].filter((id) =>
      this.#mustRead(tenant, id, nowMs, isSure),
    );
    if (unknown.length === 0) return;
    const day = dayOf(nowMs);
    const { rows } = await client.query<{ id: UserId; role: Role } & StoredMessages>(ACCOUNTS, [
      uuidArray(unknown),
      day,
    ]);
    for (const { id, role, items, bytes } of rows) {
      this.#accounts.delete(id);
      const read = { items, bytes };
      this.#accounts.set(id, { tenant, isStaff: isStaff(role), day, read, added: nothing });
    }
    for (const id of this.#accounts.keys())
      if (this.#accounts.size > MAX_ACCOUNTS) this.#accounts.delete(id);
      else break;
  }

  /** Begins to count the messages of one conversation's plan. */
  draft(tenant: TenantId, nowMs: number): QuotaDraft {
    let planned = nothing;
    const plannedOf = new Map<UserId, StoredMessages>();
    return {
      take: (account, bytes) => {
        const ofAccount = plannedOf.get(account) ?? nothing;
        const waitMs = this.#decide(tenant, account, nowMs, planned, ofAccount);
        if (waitMs > 0) return waitMs;
        planned = plus(planned, { items: 1, bytes });
        plannedOf.set(account, plus(ofAccount, { items: 1, bytes }));
        return 0;
      },
    };
  }

  /** Adds what this node has stored. */
  stored(tenant: TenantId, account: UserId, added: StoredMessages): void {
    const usage = this.#accounts.get(account);
    if (usage !== undefined) usage.added = plus(usage.added, added);
    const total = this.#tenants.get(tenant);
    if (total !== undefined) total.stored = plus(total.stored, added);
  }

  #decide(
    tenant: TenantId,
    account: UserId,
    nowMs: number,
    planned: StoredMessages,
    plannedOf: StoredMessages,
  ): number {
    const limits = this.#tenants.get(tenant);
    const usage = this.#accounts.get(account);
    // The usage of an account is not known if it is no member, or if it was forgotten meanwhile.
    // The insert counts the message in any case.
    if (limits === undefined || usage === undefined) return 0;
    const facts = {
      account: plus(plus(usage.read, usage.added), plannedOf),
      accountLimit: usage.isStaff ? limits.staffDay : limits.customerDay,
      tenant: plus(limits.stored, planned),
      tenantLimit: limits.total,
    };
    return decideMessageQuota(facts, nowMs);
  }

  #mustRead(tenant: TenantId, account: UserId, nowMs: number, isSure: boolean): boolean {
    const usage = this.#accounts.get(account);
    const limits = this.#tenants.get(tenant);
    if (usage?.tenant !== tenant || usage.day !== dayOf(nowMs) || limits === undefined) return true;
    const { items, bytes } = usage.isStaff ? limits.staffDay : limits.customerDay;
    // Other nodes may store for the account too. So the more of the quota is used, the sooner.
    const isOld =
      usage.added.items > Math.max(UNREAD_ITEMS, (items - usage.read.items) / 8) ||
      (usage.added.bytes > (bytes - usage.read.bytes) / 8 && usage.added.items > UNREAD_ITEMS);
    return isOld || (isSure && this.#decide(tenant, account, nowMs, nothing, nothing) > 0);
  }

  async #readTenant(client: Client, tenant: TenantId, nowMs: number): Promise<void> {
    const { rows } = await client.query<TenantRow>(TENANT, [tenant]);
    const [row] = rows;
    if (row === undefined) return;
    this.#tenants.set(tenant, {
      customerDay: { items: row.customerItems, bytes: row.customerBytes },
      staffDay: { items: row.staffItems, bytes: row.staffBytes },
      total: { items: row.tenantItems, bytes: row.tenantBytes },
      stored: { items: row.items, bytes: row.bytes },
      readAtMs: nowMs,
    });
  }
}

const decideTenant = ({ stored, total }: TenantUsage, nowMs: number): number =>
  decideMessageQuota(
    { account: nothing, accountLimit: { items: 1, bytes: 1 }, tenant: stored, tenantLimit: total },
    nowMs,
  );
