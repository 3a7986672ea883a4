import { verifySignature } from "../../../crypto/device/sodium.ts";
import {
  decodeAuthorityEntry,
  encodeAuthorityEntry,
  handoverBytes,
} from "../../../crypto/wire/authority-entry.ts";
import { concat, utf8 } from "../../../crypto/wire/bytes.ts";
import {
  encodeStaffCertificate,
  openStaffCertificate,
  staffCertificateBytes,
} from "../../../crypto/wire/staff-certificate.ts";
import { record, tenant, user } from "./devices.ts";
import { describeFormat, eachFlipped, hex, keyOf, signedBy, unhex } from "./format.ts";
import { otherTexts, resigned, textOf } from "./texts.ts";

export function staffCertificates() {
  const sign = (text: string) => hex(signedBy("authority", staffCertificateBytes(utf8(text))));
  const certificate = {
    tenant,
    user,
    accountKey: record.accountKey,
    role: "agent",
    teams: ["billing", "triage"],
    fromMs: 1_767_571_200_000,
    untilMs: 1_767_657_600_000,
  };
  const text = textOf(encodeStaffCertificate(certificate));
  const input = { text, authority: hex(keyOf("authority").publicKey), signature: sign(text) };
  const changed = (from: string, to: string) => {
    const other = text.replace(from, to);
    return { ...input, text: other, signature: sign(other) };
  };
  const plain = textOf(encodeStaffCertificate({ ...certificate, teams: [] }));
  return describeFormat({
    name: "staff-certificate",
    defined: "docs/crypto.md#certificates-of-staff",
    accepted: [
      { name: "an agent of two teams", input },
      { name: "of no team", input: { ...input, text: plain, signature: sign(plain) } },
    ],
    refused: [
      ...eachFlipped(input, ["authority", "signature"]),
      ...resigned(input, sign),
      { name: "a customer", input: changed('"agent"', '"customer"') },
      { name: "a role in capitals", input: changed('"agent"', '"Agent"') },
      {
        name: "teams in another order",
        input: changed('["billing","triage"]', '["triage","billing"]'),
      },
      { name: "a team twice", input: changed('["billing","triage"]', '["billing","billing"]') },
      { name: "a name that is no team's", input: changed('"triage"', '"-triage"') },
      {
        name: "an end that is not after the beginning",
        input: changed("1767657600000", "1767571200000"),
      },
      { name: "more than 31 days", input: changed("1767657600000", "1770249600001") },
      {
        name: "another label",
        input: {
          ...input,
          signature: hex(signedBy("authority", utf8(`sealdesk/staff/v2${text}`))),
        },
      },
    ],
    open({ text: shown, authority, signature }) {
      const verify = (key: Uint8Array, message: Uint8Array, by: Uint8Array) =>
        verifySignature(message, by, key);
      const signed = { text: utf8(shown), signature: unhex(signature) };
      const opened = openStaffCertificate(signed, unhex(authority), verify);
      if (opened === undefined) throw new Error("the signature is wrong");
      return { role: opened.role, teams: [...opened.teams], accountKey: hex(opened.accountKey) };
    },
  });
}

export function authorityEntries() {
  const [from, to] = [keyOf("authority").publicKey, keyOf("next authority").publicKey];
  const atMs = 1_767_571_200_000;
  const handover = signedBy("authority", handoverBytes(tenant, { from, to, atMs }));
  const entry = { change: "added", tenant, version: 2, authorityKey: to, atMs, handover } as const;
  const textFor = (of: Parameters<typeof encodeAuthorityEntry>[0]) =>
    textOf(encodeAuthorityEntry(of));
  const input = { text: textFor(entry), before: hex(from) };
  const first = { ...entry, version: 1, authorityKey: from, handover: undefined };
  const retired = { ...first, change: "retired", version: 3 } as const;
  const withHandover = (by: Uint8Array) => ({
    ...input,
    text: textFor({ ...entry, handover: by }),
  });
  return describeFormat({
    name: "authority-entry",
    defined: "docs/crypto.md#certificates-of-staff",
    accepted: [
      { name: "a key that the one before hands over to", input },
      { name: "the first key", input: { text: textFor(first), before: "" } },
      { name: "a key retired", input: { text: textFor(retired), before: "" } },
    ],
    refused: [
      ...eachFlipped(input, ["before"]),
      ...Object.entries(otherTexts(input.text)).map(([name, text]) => ({
        name,
        input: { ...input, text },
      })),
      {
        name: "another change",
        input: { ...input, text: input.text.replace('"added"', '"moved"') },
      },
      {
        name: "version 0",
        input: { ...input, text: input.text.replace('"version":2', '"version":0') },
      },
      {
        name: "a retirement with a handover",
        input: { ...input, text: input.text.replace('"added"', '"retired"') },
      },
      {
        name: "a handover of another tenant",
        input: withHandover(
          signedBy("authority", handoverBytes(user as never, { from, to, atMs })),
        ),
      },
      {
        name: "a handover to another key",
        input: withHandover(signedBy("authority", handoverBytes(tenant, { from, to: from, atMs }))),
      },
      {
        name: "a handover at another time",
        input: withHandover(
          signedBy("authority", handoverBytes(tenant, { from, to, atMs: atMs + 1 })),
        ),
      },
      {
        name: "another label",
        input: withHandover(
          signedBy(
            "authority",
            concat(
              utf8("sealdesk/authority-handover/v2"),
              handoverBytes(tenant, { from, to, atMs }).subarray(30),
            ),
          ),
        ),
      },
    ],
    open({ text, before }) {
      const read = decodeAuthorityEntry(utf8(text));
      const key = read.authorityKey;
      if (read.handover !== undefined) {
        const signed = handoverBytes(read.tenant, {
          from: unhex(before),
          to: key,
          atMs: read.atMs,
        });
        if (!verifySignature(signed, read.handover, unhex(before)))
          throw new Error("the handover is wrong");
      }
      return { change: read.change, version: read.version, authorityKey: hex(key) };
    },
  });
}
