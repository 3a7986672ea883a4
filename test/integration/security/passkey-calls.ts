import { TestDevice } from "../../support/device.ts";
import {
  allowPage,
  madePasskey,
  newAuthenticator,
  page,
  staffWithPasskey,
} from "../../support/passkey.ts";
import type { TestServer } from "../../support/server.ts";
import type { Act } from "./act.ts";

/** What the routes of passkeys are called for: see `routeCalls`. */
export const passkeyCalls = (
  server: TestServer,
  agent: TestDevice,
): Readonly<Record<string, () => Promise<Act>>> => ({
  "POST /v1/passkey-challenges": async () => {
    await allowPage(server, server.tenant.slug);
    const device = new TestDevice(server);
    return () => device.request("POST", "/v1/passkey-challenges", { origin: page });
  },
  "POST /v1/account/passkeys/options": async () => {
    await allowPage(server, server.tenant.slug);
    const [device, staff] = [new TestDevice(server), await server.createStaff("agent")];
    await device.signInAsStaff(staff);
    const { password } = staff;
    return () =>
      device.request("POST", "/v1/account/passkeys/options", {
        origin: page,
        body: { password },
      });
  },
  "POST /v1/account/passkeys": async () => {
    await allowPage(server, server.tenant.slug);
    const [device, staff] = [new TestDevice(server), await server.createStaff("agent")];
    await device.signInAsStaff(staff);
    const { body } = await madePasskey(device, newAuthenticator(), staff);
    return () => device.request("POST", "/v1/account/passkeys", { origin: page, body });
  },
  "GET /v1/account/passkeys": async () => () => agent.request("GET", "/v1/account/passkeys"),
  "PUT /v1/account/passkeys/{id}": async () => {
    const { device, path } = await staffWithPasskey(server);
    return () => device.request("PUT", path, { body: { name: "Red key" } });
  },
  "DELETE /v1/account/passkeys/{id}": async () => {
    const { device, path } = await staffWithPasskey(server);
    return () => device.request("DELETE", path);
  },
});
