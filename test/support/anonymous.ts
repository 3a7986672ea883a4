import { allowAnonymousCustomers } from "../../identity/accounts/allow-anonymous-customers.ts";
import { TestDevice, type Reply } from "./device.ts";
import type { TestServer, TestTenant } from "./server.ts";

/** Makes a tenant whose customers may be anonymous. */
export async function anonymousTenant(server: TestServer): Promise<TestTenant> {
  const tenant = await server.createTenant();
  await setAnonymous(server, tenant, true);
  return tenant;
}

export const setAnonymous = (
  server: TestServer,
  { slug }: TestTenant,
  allowed: boolean,
): Promise<number> =>
  allowAnonymousCustomers(server.database.ownerUrl, { slug, allowed, nowMs: server.clock.now() });

export const signInAnonymously = (device: TestDevice, { slug }: TestTenant): Promise<Reply> =>
  device.signIn({ grant: "anonymous", tenant: slug });

/** A registered device of an anonymous customer. */
export async function anonymousDevice(server: TestServer, tenant: TestTenant): Promise<TestDevice> {
  const device = new TestDevice(server);
  for (const reply of [await signInAnonymously(device, tenant), await device.register()])
    if (reply.status !== 201) throw new Error(`refused: ${JSON.stringify(reply.body)}`);
  return device;
}
