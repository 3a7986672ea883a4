import { AsyncLocalStorage } from "node:async_hooks";
import type { Holder } from "../../policies/fair-shares.ts";
import type { Fence, TenantId, NoTenant } from "../../crypto/wire/ids.ts";

/** The name of the queue for what several accounts of a tenant requested together. */
export const SHARED_ACCOUNT = "";

const current = new AsyncLocalStorage<Holder>();

/** Runs `work` for an account: its statements, and what they wait for, take that account's turns. */
export const runFor = <T>(holder: Holder, work: () => T): T => current.run(holder, work);

/** Runs `work` that serves several accounts of a tenant at once. */
export const runForTenant = <T>(tenant: TenantId | NoTenant, work: () => T): T =>
  current.run({ tenant, account: SHARED_ACCOUNT }, work);

/**
 * Returns the requester of the current work for `tenant`; undefined for the server's own periodic
 * work, which goes first.
 */
export function requesterIn(tenant: Fence): Holder | undefined {
  const holder = current.getStore();
  if (holder === undefined || holder.tenant === tenant) return holder;
  return { tenant, account: SHARED_ACCOUNT };
}
