import { staffDevice } from "./device.ts";
import type { TestServer, TestTenant } from "./server.ts";

/** Puts a version of the tenant's policy in force: an admin proposes it, and a compliance officer approves it. */
export async function putPolicyInForce(
  server: TestServer,
  tenant: TestTenant,
  changes: { readonly off: readonly string[]; readonly add: readonly object[] },
): Promise<void> {
  const admin = await staffDevice(server, "admin", tenant);
  const officer = await staffDevice(server, "compliance_officer", tenant);
  const body = { changes, reason: "a test" };
  const drafted = await admin.request("POST", "/v1/policy/versions", { body });
  if (drafted.status !== 201) throw new Error(`not drafted: ${JSON.stringify(drafted.body)}`);
  const { version, hash } = drafted.body;
  const path = `/v1/policy/versions/${version}/approval`;
  const approved = await officer.request("POST", path, { body: { hash } });
  if (approved.status !== 200) throw new Error(`not approved: ${JSON.stringify(approved.body)}`);
}
