import type { TenantId } from "../../crypto/wire/ids.ts";
import type { UseCase } from "../audited.ts";
import type { Policies } from "./policies.ts";

/** The dependencies of the acts on a policy. */
export interface PolicyDeps extends UseCase {
  readonly policies: Policies;
}

/** The policy of a tenant, as a resource of the audit log. */
export const ofPolicy = (tenant: TenantId) => ({ type: "policy" as const, id: tenant });
