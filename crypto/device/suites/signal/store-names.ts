import type { Uuid } from "../../../wire/uuid.ts";

/** What the names of records begin with of which there is more than one. */
export const prefixes = {
  preKey: "signal!prekey!",
  kyberPreKey: "signal!kyber-prekey!",
  session: "signal!session!",
  formerSession: "signal!former-session!",
  ownKey: "signal!own-key!",
} as const;

/** Names of this suite's records in the device store. */
export const names = {
  self: "signal!self",
  longTermPreKeys: "signal!long-term-prekeys",
  retiredPreKeys: "signal!retired-prekeys",
  nextPreKeyId: "signal!next-prekey-id",
  preKey: (id: number) => `${prefixes.preKey}${id}`,
  signedPreKey: (id: number) => `signal!signed-prekey!${id}`,
  kyberPreKey: (id: number) => `${prefixes.kyberPreKey}${id}`,
  /** What the names of a last-resort prekey's uses begin with. */
  kyberPreKeyUses: (id: number) => `signal!kyber-use!${id}!`,
  kyberPreKeyUse: (id: number, signedPreKey: number, baseKeyHex: string) =>
    `signal!kyber-use!${id}!${signedPreKey}!${baseKeyHex}`,
  peer: (device: Uuid) => `signal!peer!${device}`,
  session: (device: Uuid) => `${prefixes.session}${device}`,
  /** What the names of a device's former sessions begin with. */
  formerSessions: (device: Uuid) => `${prefixes.formerSession}${device}!`,
  /**
   * A session from before keys were replaced: it opens messages, and nothing is ever sent in it.
   * @param since when it was put aside, milliseconds since the Unix epoch
   * @param index tells sessions apart that were put aside in the same millisecond
   */
  formerSession: (device: Uuid, since: number, index: number) =>
    `${prefixes.formerSession}${device}!${String(since).padStart(16, "0")}!${index}`,
  ownKey: (conversation: Uuid) => `${prefixes.ownKey}${conversation}`,
  /** A sender key is kept under its place: in another conversation or epoch it is not found. */
  senderKey: (place: Place, device: Uuid, keyId: Uuid) =>
    `signal!sender-key!${place.conversation}!${place.epoch}!${device}!${keyId}`,
} as const;

/** Where a sender key may be used. */
export interface Place {
  readonly conversation: Uuid;
  readonly epoch: number;
}
