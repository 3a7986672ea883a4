/** A new device of an account asks the account's devices to let it join. */
import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { bytes, deviceId, milliseconds, openEnum, uuid } from "./values.ts";

/** The approval and the known keys of other accounts, sealed to the new device. */
const sealed = bytes(128 * 1024, "at most");

export const newLinkRequest = z
  .strictObject({ id: uuid, device: deviceId, ephemeralKey: bytes(32) })
  .register(documentation, { id: "NewLinkRequest" });

export const openedLinkRequest = z.object({ expiresAtMs: milliseconds });

export const linkApproval = z
  .strictObject({ sealed })
  .register(documentation, { id: "LinkApproval" });

export const linkRequest = z
  .object({
    id: uuid,
    device: deviceId,
    deviceKey: bytes(32),
    ephemeralKey: bytes(32),
    state: openEnum(["pending", "approved", "refused", "expired"]),
    createdAtMs: milliseconds,
    expiresAtMs: milliseconds,
    sibling: z.nullable(deviceId),
    sealed: z
      .nullable(sealed)
      .register(documentation, { description: "For the asking device alone" }),
  })
  .register(documentation, { id: "LinkRequest" });
