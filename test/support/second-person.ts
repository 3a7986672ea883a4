import { demandable } from "../../policies/versions/demands.ts";
import type { TestDevice } from "./device.ts";
import { putInForce } from "./policy-versions.ts";
import type { TestServer, TestTenant } from "./server.ts";

/** Everything for which a version can demand a second person. */
export const allDemands = Object.entries(demandable).flatMap(([resource, actions]) =>
  actions.map((action) => ({ resource, action })),
);

/** From now on, the tenant's policy demands a second person for all of these acts. */
export const demandSecondPerson = (server: TestServer, tenant: TestTenant): Promise<number> =>
  putInForce(server, tenant, { secondPerson: allDemands });

/** Asks for an act. */
export const askFor = (device: TestDevice, action: string, parameters: object) =>
  device.request("POST", "/v1/approvals", { body: { action, parameters, reason: "a test" } });
