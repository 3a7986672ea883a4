import type { Uuid } from "../../../wire/uuid.ts";
import type { DeviceId, ConversationId } from "../../../wire/ids.ts";

/** The common beginnings of the names of records that exist more than once. */
export const prefixes = {
  preKey: "signal!prekey!",
  kyberPreKey: "signal!kyber-prekey!",
  session: "signal!session!",
  formerSession: "signal!former-session!",
  ownKey: "signal!own-key!",
} as const;

/** The names of this suite's records in the device store. */
export const names = {
  self: "signal!self",
  longTermPreKeys: "signal!long-term-prekeys",
  retiredPreKeys: "signal!retired-prekeys",
  nextPreKeyId: "signal!next-prekey-id",
  preKey: (id: number) => `${prefixes.preKey}${id}`,
  signedPreKey: (id: number) => `signal!signed-prekey!${id}`,
  kyberPreKey: (id: number) => `${prefixes.kyberPreKey}${id}`,
  /** The beginning of the names that record a last-resort prekey's uses. */
  kyberPreKeyUses: (id: number) => `signal!kyber-use!${id}!`,
  kyberPreKeyUse: (id: number, signedPreKey: number, baseKeyHex: string) =>
    `signal!kyber-use!${id}!${signedPreKey}!${baseKeyHex}`,
  peer: (device: DeviceId) => `signal!peer!${device}`,
  session: (device: DeviceId) => `${prefixes.session}${device}`,
  /** The chain in which packets are sent to a device. */
  sendingChain: (device: DeviceId) => `signal!sending-chain!${device}`,
  /** The beginning of the names of a device's former sessions. */
  formerSessions: (device: DeviceId) => `${prefixes.formerSession}${device}!`,
  /**
   * A session that another one replaced. It opens messages, and nothing is sent in it.
   * @param sinceMs when it became a former session, in milliseconds since the Unix epoch
   * @param index distinguishes sessions of the same millisecond
   */
  formerSession: (device: DeviceId, sinceMs: number, index: number) =>
    `${prefixes.formerSession}${device}!${String(sinceMs).padStart(16, "0")}!${index}`,
  ownKey: (conversation: ConversationId) => `${prefixes.ownKey}${conversation}`,
  /**
   * A sender key's name contains its place, so it is not found in another conversation or epoch.
   */
  senderKey: (place: ConversationEpoch, device: DeviceId, keyId: Uuid) =>
    `signal!sender-key!${place.conversation}!${place.epoch}!${device}!${keyId}`,
} as const;

/** The place where a sender key may be used. */
export interface ConversationEpoch {
  readonly conversation: ConversationId;
  readonly epoch: number;
}
