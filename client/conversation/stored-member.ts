import type { Member } from "../../crypto/wire/frame.ts";
import { deviceId, list, message, text, userId } from "../../crypto/wire/protobuf.ts";

/** The form of a member in the store. */
export const storedMember = message({
  user: [1, userId],
  role: [2, text(64)],
  devices: [3, list(deviceId, 4096)],
});

/** The largest number of members in one record. */
export const mostMembers = 4096;

export const toStored = ({ devices, ...rest }: Member) => ({ ...rest, devices: [...devices] });
