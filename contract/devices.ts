import * as z from "zod/mini";
import { ecKeyBytes, signatureBytes } from "../crypto/wire/key-sizes.ts";
import { maxStaffCertificateBytes } from "../crypto/wire/staff-certificate.ts";
import { resetReasons } from "../policies/reset-reasons.ts";
import { documentation } from "./documentation.ts";
import { newPreKeys } from "./prekeys.ts";
import { role } from "./sessions.ts";
import { bytes, count, deviceId, newDeviceList, userId } from "./values.ts";

export { resetReasons, type ResetReason } from "../policies/reset-reasons.ts";

const deviceApproval = z
  .strictObject({ device: z.optional(deviceId), signature: bytes(signatureBytes) })
  .register(documentation, {
    id: "DeviceApproval",
    description: "By the device that approves this one; for the first, by the account key",
  });

export const newDevice = z
  .strictObject({
    id: deviceId,
    // libsignal's registration ids have 14 bits.
    registrationId: z.int().check(z.minimum(0), z.maximum(0x7fffffff)),
    accountKey: bytes(32),
    identityKey: bytes(ecKeyBytes),
    receiptKey: bytes(32),
    certificate: bytes(signatureBytes),
    list: newDeviceList,
    approval: z.optional(deviceApproval),
    preKeys: newPreKeys,
  })
  .register(documentation, { id: "NewDevice" });

/** The account's devices after a removal. */
export const deviceRemoval = z
  .strictObject({ list: newDeviceList })
  .register(documentation, { id: "DeviceRemoval" });

export const registeredDevice = z.object({ device: deviceId });

const signedStaffCertificate = z
  .object({
    text: bytes(maxStaffCertificateBytes, "at most"),
    signature: bytes(signatureBytes),
  })
  .register(documentation, {
    id: "StaffCertificate",
    description: "Canonical JSON that the tenant's authority signed",
  });

/** A user's account key and certified devices. */
export const account = z
  .object({
    user: userId,
    role,
    displayName: z.nullable(z.string()),
    accountKey: z.nullable(bytes(32)),
    anonymous: z.boolean().register(documentation, {
      description: "Whether it is a customer without a customer token",
    }),
    staffCertificate: z.nullable(signedStaffCertificate),
    devices: z.array(
      z.object({
        id: deviceId,
        registrationId: z.int(),
        deviceKey: bytes(32),
        identityKey: bytes(ecKeyBytes),
        receiptKey: bytes(32),
        certificate: bytes(signatureBytes),
      }),
    ),
  })
  .register(documentation, { id: "Account" });

export const accountReset = z
  .strictObject({ reason: z.enum(resetReasons) })
  .register(documentation, { id: "AccountReset" });

export const accountWasReset = z.object({ devicesRemoved: count });
