import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { findTenant } from "../../identity/accounts/tenant.ts";
import type { Secret } from "../../keys/secret.ts";
import { certificateOf } from "../erasure/erasure-rows.ts";
import { WorkflowError } from "../workflow-error.ts";
import { requestNotFound, requestOfLink, type StoredRequest } from "./stored-request.ts";

/** The link of a request, as the person has it. */
export interface RequestLink {
  /** The short name of the tenant. */
  readonly tenant: string;
  readonly secret: Secret<Uint8Array>;
}

interface LinkDeps {
  readonly pool: Pool;
}

/**
 * Runs `work` in a transaction on the request that a link is of.
 * @throws WorkflowError request_not_found, also if the link was revoked; what `work` throws
 */
export async function withLink<T>(
  { pool }: LinkDeps,
  { tenant, secret }: RequestLink,
  work: (client: Client, tenant: TenantId, request: StoredRequest) => Promise<T>,
): Promise<T> {
  const found = await findTenant(pool, tenant);
  if (found === undefined) throw requestNotFound();
  return inTransaction(pool, found.id, async (client) =>
    work(client, found.id, await requestOfLink(client, secret.reveal())),
  );
}

/**
 * Returns how far a request is, for whoever has the secret of one of its links. The account may be gone.
 * @throws WorkflowError request_not_found
 */
export const showLinkedRequest = (deps: LinkDeps, link: RequestLink): Promise<StoredRequest> =>
  withLink(deps, link, async (_client, _tenant, request) => request);

/**
 * Returns the bytes of the certificate's file, for whoever has the link of the request.
 * @throws WorkflowError request_not_found; certificate_not_found, if there is none yet
 */
export const readLinkedCertificate = (deps: LinkDeps, link: RequestLink): Promise<Uint8Array> =>
  withLink(deps, link, async (client, _tenant, { erasure }) => {
    if (erasure === null)
      throw new WorkflowError("certificate_not_found", "This request has no certificate.");
    return certificateOf(client, erasure.id);
  });
