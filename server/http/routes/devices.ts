import { deviceRemoval, newDevice, registeredDevice } from "../../../contract/devices.ts";
import { deviceParams, newDeviceList } from "../../../contract/values.ts";
import type { UseCase } from "../../../identity/audited.ts";
import type { CertifyAccount } from "../../../identity/authority/certify-account.ts";
import type { Announce } from "../../../identity/directory/announce.ts";
import { registerDevice } from "../../../identity/directory/register-device.ts";
import { renewDeviceList } from "../../../identity/directory/renew-device-list.ts";
import { revokeDevice } from "../../../identity/directory/revoke-device.ts";
import type { Disconnect } from "../../../identity/tokens/disconnect.ts";
import type { Limiter } from "../rate-limiter.ts";
import { route, type Route } from "../route.ts";
import { bodyLimits } from "../../limits.ts";

/**
 * POST /v1/devices. What is asked is limited by the asking key. Devices that are added are limited
 * by account, because each advances the epoch of every conversation that the account is in. What
 * the account does not approve does not count there, so a thief of the password cannot use up
 * the account's limit.
 */
export function registerDeviceRoute(
  deps: UseCase & {
    readonly announce: Announce;
    readonly certify: CertifyAccount;
    readonly byKey: Limiter;
    readonly byAccount: Limiter;
  },
): Route {
  return route(
    {
      method: "post",
      path: "/v1/devices",
      summary: "Register the device whose key signs this request's proof",
      tag: "Directory",
      access: "session",
      audits: ["device.register"],
      body: newDevice,
      bodyLimit: bodyLimits.preKeys,
      answers: { 201: { description: "The device is registered", schema: registeredDevice } },
      problems: [
        "invalid_certificate",
        "account_key_mismatch",
        "account_key_retired",
        "stale_device_list",
        "invalid_device_list",
        "device_not_approved",
        "device_exists",
        "too_many_devices",
        "invalid_prekey",
        "too_many_prekeys",
        "prekey_id_reused",
        "rate_limited",
      ],
    },
    async ({ who, body }) => {
      await deps.byKey.take(who.thumbprint);
      const admit = async (account: string) => void (await deps.byAccount.take(account));
      await registerDevice({ ...deps, admit }, who, body);
      return { status: 201, body: { device: body.id } };
    },
  );
}

interface RevokeDeps extends UseCase {
  readonly announce: Announce;
  readonly disconnect: Disconnect;
}

/** POST /v1/devices/{id}/removal */
export function removeDeviceRoute(deps: RevokeDeps): Route {
  return route(
    {
      method: "post",
      path: "/v1/devices/{id}/removal",
      summary: "Remove a device of one's own account, with the signed list of those that stay",
      tag: "Directory",
      access: "session",
      audits: ["device.revoke"],
      params: deviceParams,
      body: deviceRemoval,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The device is removed and its sessions are over" } },
      problems: ["device_required", "device_not_found", "stale_device_list", "invalid_device_list"],
    },
    async ({ who, params, body }) => {
      await revokeDevice(deps, who.actor, params.id, { list: body.list });
      return { status: 204 };
    },
  );
}

/** PUT /v1/device-list */
export function renewDeviceListRoute(deps: UseCase): Route {
  return route(
    {
      method: "put",
      path: "/v1/device-list",
      summary: "Renew the signed list of one's own devices",
      tag: "Directory",
      access: "session",
      audits: ["device.renew_list"],
      body: newDeviceList,
      bodyLimit: bodyLimits.small,
      answers: { 204: { description: "The list is stored" } },
      problems: ["device_required", "stale_device_list", "invalid_device_list"],
    },
    async ({ who, body }) => {
      await renewDeviceList(deps, who.actor, body);
      return { status: 204 };
    },
  );
}

/** DELETE /v1/devices/{id} */
export function revokeDeviceRoute(deps: RevokeDeps): Route {
  return route(
    {
      method: "delete",
      path: "/v1/devices/{id}",
      summary: "Remove a device of another account, as an admin",
      tag: "Directory",
      access: "session",
      audits: ["device.revoke"],
      params: deviceParams,
      answers: { 204: { description: "The device is removed and its sessions are over" } },
      problems: [
        "device_required",
        "device_not_found",
        "invalid_device_list",
        "step_up_required",
        "approval_required",
      ],
    },
    async ({ who, params }) => {
      await revokeDevice(deps, who.actor, params.id);
      return { status: 204 };
    },
  );
}
