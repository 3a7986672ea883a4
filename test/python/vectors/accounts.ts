import { compareSafetyCode, encodeSafetyCode } from "../../../crypto/device/safety-code.ts";
import { safetyNumber } from "../../../crypto/device/safety-number.ts";
import { aeadSeal } from "../../../crypto/device/sodium.ts";
import { deriveStoreKey } from "../../../crypto/device/store.ts";
import { ValueSeal } from "../../../crypto/device/value-seal.ts";
import { encodeKeyPacket, openKeyPacket } from "../../../crypto/device/suites/signal/key-packet.ts";
import { concat, utf8 } from "../../../crypto/wire/bytes.ts";
import type { UserId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { conversation, record, user } from "./devices.ts";
import { bytesOf, describeFormat, eachFlipped, hex, keyOf, unhex, uuidOf } from "./format.ts";

const people = {
  ownUser: user,
  ownKey: hex(record.accountKey),
  otherUser: uuidOf<UserId>("other"),
  otherKey: hex(keyOf("other account").publicKey),
};
const accountsOf = (of: typeof people) => [
  { user: of.ownUser, accountKey: unhex(of.ownKey) },
  { user: of.otherUser, accountKey: unhex(of.otherKey) },
];

export function safetyNumbers() {
  const numberOf = (of: typeof people) => {
    const [own, other] = accountsOf(of);
    return safetyNumber(own!, other!);
  };
  const input = { ...people, digits: numberOf(people) };
  const otherWay = {
    ownUser: people.otherUser,
    ownKey: people.otherKey,
    otherUser: people.ownUser,
    otherKey: people.ownKey,
    digits: input.digits,
  };
  return describeFormat({
    name: "safety-number",
    defined: "docs/crypto.md#safety-numbers",
    accepted: [
      { name: "two accounts", input },
      { name: "the other way round", input: otherWay },
    ],
    refused: eachFlipped(input, ["ownUser", "ownKey", "otherUser", "otherKey"]),
    open({ digits, ...of }) {
      if (numberOf(of) !== digits) throw new Error("another number");
      return { digits };
    },
  });
}

export function safetyCodes() {
  const [own, other] = accountsOf(people);
  const input = { ...people, scanned: encodeSafetyCode(other!, own!) };
  return describeFormat({
    name: "safety-code",
    defined: "docs/crypto.md#safety-codes",
    accepted: [
      { name: "the code of the other one", input },
      { name: "with spaces around it", input: { ...input, scanned: ` ${input.scanned}\n` } },
    ],
    refused: [
      ...eachFlipped(input, ["ownUser", "ownKey", "otherUser", "otherKey"]),
      { name: "the own code", input: { ...input, scanned: encodeSafetyCode(own!, other!) } },
      {
        name: "another version",
        input: { ...input, scanned: input.scanned.replace(":1:", ":2:") },
      },
      { name: "a character less", input: { ...input, scanned: input.scanned.slice(0, -1) } },
      { name: "padding", input: { ...input, scanned: `${input.scanned}==` } },
    ],
    open({ scanned, ...of }) {
      const [mine, theirs] = accountsOf(of);
      const verdict = compareSafetyCode(mine!, theirs!, scanned);
      if (verdict !== "match") throw new Error(verdict);
      return { verdict };
    },
  });
}

export function keyPackets() {
  const input = {
    conversation,
    epoch: 300,
    keyId: uuidOf("key") as unknown as Uuid,
    plaintext: "",
  };
  input.plaintext = hex(encodeKeyPacket(input, input.keyId, bytesOf("distribution", 40)));
  return describeFormat({
    name: "key-packet",
    defined: "docs/crypto.md#sender-key-and-packets",
    accepted: [{ name: "a packet", input }],
    refused: [
      ...eachFlipped(input, ["conversation", "epoch", "keyId"]),
      { name: "another version", input: { ...input, plaintext: `02${input.plaintext.slice(2)}` } },
      { name: "36 bytes", input: { ...input, plaintext: input.plaintext.slice(0, 72) } },
    ],
    open({ plaintext, keyId, ...place }) {
      return { distribution: hex(openKeyPacket(place, keyId, unhex(plaintext))) };
    },
  });
}

export function storedValues() {
  const [name, nonce] = ["account!x", bytesOf("nonce", 24)];
  const sealed = (label: string) =>
    hex(concat(nonce, aeadSeal(bytesOf("store key"), nonce, utf8("a value"), utf8(label))));
  const input = {
    storeKey: hex(bytesOf("store key")),
    name,
    sealed: sealed(`sealdesk/store/v1\0${name}`),
  };
  return describeFormat({
    name: "stored-value",
    defined: "docs/crypto.md#a-devices-store",
    accepted: [{ name: "a value", input }],
    refused: [
      ...eachFlipped(input, ["storeKey", "sealed"]),
      { name: "another name", input: { ...input, name: "account!y" } },
      { name: "another label", input: { ...input, sealed: sealed(`sealdesk/store/v2\0${name}`) } },
      { name: "23 bytes", input: { ...input, sealed: input.sealed.slice(0, 46) } },
    ],
    open: ({ storeKey, name: of, sealed: bytes }) => ({
      value: hex(new ValueSeal(unhex(storeKey)).open(of, unhex(bytes))),
    }),
  });
}

export function storeKeys() {
  const salt = hex(bytesOf("salt", 16));
  return describeFormat({
    name: "store-key",
    defined: "docs/crypto.md#a-devices-store",
    accepted: [
      { name: "a passphrase", input: { passphrase: "caf\u00e9 am Markt", salt } },
      {
        name: "in another form of Unicode",
        input: { passphrase: "cafe\u0301\u00a0am\u2003Markt", salt },
      },
      { name: "another salt", input: { passphrase: "x", salt: hex(bytesOf("another", 16)) } },
    ],
    refused: [{ name: "no passphrase", input: { passphrase: "", salt } }],
    open: async ({ passphrase, salt: of }) => ({
      key: hex(await deriveStoreKey(passphrase, unhex(of))),
    }),
  });
}
