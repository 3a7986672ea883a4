import { decodeLinkCode, encodeLinkCode } from "../../../crypto/device/linking/link-code.ts";
import { openAccount } from "../../../crypto/device/linking/open-account.ts";
import { sealAccount } from "../../../crypto/device/linking/seal-account.ts";
import { exchangeKeyFromSeed } from "./exchange-key.ts";
import type { DeviceId, UserId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { device, record, tenant, user } from "./devices.ts";
import {
  bytesOf,
  describeFormat,
  eachFlipped,
  flipped,
  hex,
  keyOf,
  unhex,
  uuidOf,
} from "./format.ts";

const request = uuidOf("request") as unknown as Uuid;
const ephemeral = exchangeKeyFromSeed(bytesOf("ephemeral"));
const codeSecret = bytesOf("code secret", 16);

export function linkCodes() {
  const code = encodeLinkCode({ request, ephemeralKey: ephemeral.publicKey, secret: codeSecret });
  const other = (at: number) => {
    const digit = code[at] === "0" ? "1" : "0";
    return code.slice(0, at) + digit + code.slice(at + 1);
  };
  return describeFormat({
    name: "link-code",
    defined: "docs/crypto.md#linking-a-device",
    accepted: [
      { name: "a code", input: { code } },
      {
        name: "in lower case, with hyphens",
        input: { code: code.toLowerCase().replaceAll(/.{10}/g, "$&-") },
      },
      {
        name: "with O for 0 and L for 1",
        input: { code: code.replaceAll("0", "O").replaceAll("1", "L") },
      },
    ],
    refused: [
      { name: "another version", input: { code: other(1) } },
      { name: "another digit", input: { code: other(40) } },
      { name: "another check", input: { code: other(108) } },
      { name: "a digit less", input: { code: code.slice(0, -1) } },
      { name: "a digit more", input: { code: `${code}0` } },
      { name: "a letter that is no digit", input: { code: `${code.slice(0, -1)}U` } },
      {
        name: "bits that are not used and not zero",
        input: { code: code.slice(0, -1) + nextDigit(code.at(-1)) },
      },
    ],
    open({ code: text }) {
      const read = decodeLinkCode(text);
      return {
        request: read.request,
        ephemeralKey: hex(read.ephemeralKey),
        secret: hex(read.secret),
      };
    },
  });
}

const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const nextDigit = (digit = "0"): string => digits[digits.indexOf(digit) ^ 1] ?? "";

export function linkAnswers() {
  const contact = { user: uuidOf<UserId>("contact"), accountKey: bytesOf("contact") };
  const keyLog = {
    vkey: "desk.example/keys/t/demo+01234567+AQ==",
    note: "desk.example/keys/t/demo\n7\nroot\n",
    atMs: 1_767_571_200_000,
  };
  const list = { version: 7, issuedAtMs: 1_767_571_200_000, validUntilMs: 1_770_163_200_000 };
  const context = {
    tenant,
    user,
    request,
    device,
    deviceKey: record.deviceKey,
    ephemeralKey: ephemeral.publicKey,
    sibling: uuidOf<DeviceId>("approving device"),
    siblingKey: keyOf("approving device").publicKey,
    accountKey: record.accountKey,
  };
  const authority = keyOf("authority").publicKey;
  const sealed = (changes: object = {}, contacts = [contact]) =>
    hex(
      sealAccount(
        {
          context: { ...context, ...changes },
          codeSecret,
          deviceKey: keyOf("approving device").privateKey,
          secrets: { contacts, keyLog, list, authority },
        },
        { oneTime: exchangeKeyFromSeed(bytesOf("one-time")), nonce: bytesOf("nonce", 24) },
      ),
    );
  const input = {
    tenant,
    user,
    request,
    device,
    deviceKey: hex(context.deviceKey),
    ephemeralPrivateKey: hex(ephemeral.privateKey),
    approvingDevice: context.sibling,
    approvingKey: hex(context.siblingKey),
    accountKey: hex(context.accountKey),
    codeSecret: hex(codeSecret),
    answer: sealed(),
  };
  type Input = typeof input;
  const flips = Object.keys(input).filter((name) => name !== "ephemeralPrivateKey");
  return describeFormat({
    name: "link-answer",
    defined: "docs/crypto.md#linking-a-device",
    accepted: [
      { name: "an answer", input },
      { name: "without contacts", input: { ...input, answer: sealed({}, []) } },
    ],
    refused: [
      ...eachFlipped(input, flips as (keyof Input)[]),
      ...Object.entries({ version: 0, "one-time key": 20, signature: 60, nonce: 100 }).map(
        ([name, at]) => ({
          name: `one bit of the ${name}`,
          input: {
            ...input,
            answer: flipped(input.answer, (2 * at + 1) / input.answer.length) as string,
          },
        }),
      ),
      {
        name: "another ephemeral key",
        input: { ...input, ephemeralPrivateKey: hex(bytesOf("another ephemeral key")) },
      },
      { name: "120 bytes", input: { ...input, answer: input.answer.slice(0, 240) } },
    ],
    open({ answer, approvingDevice, approvingKey, codeSecret: secret, ...of }) {
      const pair = exchangeKeyFromSeed(unhex(of.ephemeralPrivateKey));
      const opened = openAccount({
        context: {
          tenant: of.tenant,
          user: of.user,
          request: of.request,
          device: of.device,
          deviceKey: unhex(of.deviceKey),
          ephemeralKey: pair.publicKey,
          sibling: approvingDevice,
          siblingKey: unhex(approvingKey),
          accountKey: unhex(of.accountKey),
        },
        codeSecret: unhex(secret),
        ephemeralKey: pair.privateKey,
        record: unhex(answer),
      });
      return {
        contacts: opened.contacts.map((each) => `${each.user} ${hex(each.accountKey)}`),
        vkey: opened.keyLog?.vkey ?? null,
        note: opened.keyLog?.note ?? null,
        atMs: opened.keyLog?.atMs ?? null,
        listVersion: opened.list?.version ?? null,
        authority: opened.authority === undefined ? null : hex(opened.authority),
        approval: hex(opened.approval),
      };
    },
  });
}
