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
  /** A session from before the store was put back: opens what comes in it, and is never sent in. */
  formerSession: (device: Uuid) => `${prefixes.formerSession}${device}`,
  /** When the former sessions became that. */
  formerSince: "signal!former-since",
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
