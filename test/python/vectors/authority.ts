import { verifySignature } from "../../../crypto/device/sodium.ts";
import {
  followHandovers,
  isHandover,
  openCertificateAt,
} from "../../../crypto/wire/authority-chain.ts";
import {
  decodeAuthorityEntry,
  encodeAuthorityEntry,
  handoverBytes,
  type AuthorityEntry,
  type Handover,
} from "../../../crypto/wire/authority-entry.ts";
import { concat, utf8 } from "../../../crypto/wire/bytes.ts";
import type { VerifyEd25519 } from "../../../crypto/wire/ed25519.ts";
import {
  encodeStaffCertificate,
  openStaffCertificate,
  staffCertificateBytes,
} from "../../../crypto/wire/staff-certificate.ts";
import { record, tenant, user } from "./devices.ts";
import { describeFormat, eachFlipped, hex, keyOf, signedBy, unhex } from "./format.ts";
import { otherTexts, resigned, textOf } from "./texts.ts";

const verify: VerifyEd25519 = (key, message, signature) => verifySignature(message, signature, key);
const startMs = 1_767_571_200_000;
const dayMs = 86_400_000;

export function staffCertificates() {
  const sign = (text: string) => hex(signedBy("authority", staffCertificateBytes(utf8(text))));
  const certificate = {
    tenant,
    user,
    accountKey: record.accountKey,
    role: "agent",
    teams: ["billing", "triage"],
    fromMs: startMs,
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
      const signed = { text: utf8(shown), signature: unhex(signature) };
      const opened = openStaffCertificate(signed, unhex(authority), verify);
      if (opened === undefined) throw new Error("the signature is wrong");
      return { role: opened.role, teams: [...opened.teams], accountKey: hex(opened.accountKey) };
    },
  });
}

/** Signs a handover in the name of both keys. */
const signatures = (handover: Handover, former = "authority", next = "next authority") => ({
  former: signedBy(former, handoverBytes(handover)),
  next: signedBy(next, handoverBytes(handover)),
});

export function authorityEntries() {
  const [from, to] = [keyOf("authority").publicKey, keyOf("next authority").publicKey];
  const place = { tenant, version: 2, atMs: startMs } as const;
  const handover = { ...place, from, to };
  const entry: AuthorityEntry = {
    change: "added",
    ...place,
    authorityKey: to,
    handover: signatures(handover),
  };
  const textFor = (of: AuthorityEntry) => textOf(encodeAuthorityEntry(of));
  const input = { text: textFor(entry), before: hex(from) };
  const first = { ...entry, version: 1, authorityKey: from, handover: undefined };
  const retired = { ...first, change: "retired", version: 3 } as const;
  const withHandover = (by: AuthorityEntry["handover"]) => ({
    ...input,
    text: textFor({ ...entry, handover: by }),
  });
  const otherLabel = (name: string) =>
    signedBy(
      name,
      concat(utf8("sealdesk/authority-handover/v2"), handoverBytes(handover).subarray(30)),
    );
  const changed = (from_: RegExp | string, to_: string) => ({
    ...input,
    text: input.text.replace(from_, to_),
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
      { name: "another change", input: changed('"added"', '"moved"') },
      { name: "version 0", input: changed('"version":2', '"version":0') },
      { name: "a retirement with a handover", input: changed('"added"', '"retired"') },
      { name: "no signature of the former key", input: changed(/"former":"[^"]*",/, "") },
      { name: "no signature of the next key", input: changed(/,"next":"[^"]*"/, "") },
      {
        name: "an unknown signature",
        input: changed(/("next":"[^"]*")/, '$1,"other":""'),
      },
      {
        name: "the next key's signature by another key",
        input: withHandover(signatures(handover, "authority", "authority")),
      },
      {
        name: "the former key's signature by another key",
        input: withHandover(signatures(handover, "next authority")),
      },
      {
        name: "a handover of another tenant",
        input: withHandover(signatures({ ...handover, tenant: user as never })),
      },
      {
        name: "a handover to another key",
        input: withHandover(signatures({ ...handover, to: from })),
      },
      {
        name: "a handover at another entry",
        input: withHandover(signatures({ ...handover, version: 3 })),
      },
      {
        name: "a handover at another time",
        input: withHandover(signatures({ ...handover, atMs: startMs + 1 })),
      },
      {
        name: "another label",
        input: withHandover({
          former: otherLabel("authority"),
          next: otherLabel("next authority"),
        }),
      },
    ],
    open({ text, before }) {
      const read = decodeAuthorityEntry(utf8(text));
      const former = { authorityKey: unhex(before) };
      if (read.handover !== undefined && !isHandover(read, former, verify))
        throw new Error("the handover is wrong");
      return { change: read.change, version: read.version, authorityKey: hex(read.authorityKey) };
    },
  });
}

export function authorityChains() {
  const names = ["authority", "next authority", "last authority"] as const;
  const [first, second, third] = names.map((name) => keyOf(name).publicKey) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const added = (
    version: number,
    atMs: number,
    authorityKey: Uint8Array,
    handover: AuthorityEntry["handover"],
  ) =>
    textOf(
      encodeAuthorityEntry({ change: "added", tenant, version, authorityKey, atMs, handover }),
    );
  const handedOver = { tenant, from: first, to: second, version: 2, atMs: startMs + 20 * dayMs };
  const handedOn = { tenant, from: second, to: third, version: 3, atMs: startMs + 40 * dayMs };
  const entriesWith = (handover: AuthorityEntry["handover"]) => [
    added(1, startMs, first, undefined),
    added(2, handedOver.atMs, second, handover),
    added(3, handedOn.atMs, third, signatures(handedOn, names[1], names[2])),
  ];
  const certificateBy = (name: string, fromMs: number) => {
    const text = encodeStaffCertificate({
      tenant,
      user,
      accountKey: record.accountKey,
      role: "agent",
      teams: [],
      fromMs,
      untilMs: fromMs + 7 * dayMs,
    });
    return { text: textOf(text), signature: hex(signedBy(name, staffCertificateBytes(text))) };
  };
  const issuedMs = handedOver.atMs - 3 * dayMs;
  const entries = entriesWith(signatures(handedOver));
  const back = {
    entries,
    anchor: hex(third),
    certificate: certificateBy(names[0], issuedMs),
    atMs: issuedMs,
  };
  const certificate = certificateBy(names[2], handedOn.atMs);
  const ahead = { ...back, anchor: hex(first), certificate, atMs: handedOn.atMs };
  const under = (handover: AuthorityEntry["handover"]) => ({
    ...back,
    entries: entriesWith(handover),
  });
  return describeFormat({
    name: "authority-chain",
    defined: "docs/receiver.md#the-authority",
    accepted: [
      { name: "a later key is trusted: an act before two handovers", input: back },
      {
        name: "an act a day after the handover",
        input: { ...back, atMs: handedOver.atMs + dayMs },
      },
      { name: "the first key is trusted: an act after two handovers", input: ahead },
    ],
    refused: [
      { name: "another key is trusted", input: { ...back, anchor: hex(keyOf("other").publicKey) } },
      {
        name: "an act more than a day after the handover",
        input: { ...back, atMs: handedOver.atMs + dayMs + 1 },
      },
      {
        name: "a certificate that the former key issued after the handover",
        input: {
          ...back,
          certificate: certificateBy(names[0], handedOver.atMs + 1),
          atMs: handedOver.atMs + 1,
        },
      },
      {
        name: "a key that the later one does not follow",
        input: under(signatures(handedOver, names[0], names[0])),
      },
      {
        name: "a handover that the former key did not sign",
        input: under(signatures(handedOver, names[1])),
      },
      {
        name: "a handover at another entry",
        input: under(signatures({ ...handedOver, version: 3 })),
      },
      {
        name: "a handover at another time",
        input: under(signatures({ ...handedOver, atMs: handedOver.atMs - 1 })),
      },
    ],
    open({ entries: texts, anchor, certificate: { text, signature }, atMs }) {
      const read = texts.map((each) => decodeAuthorityEntry(utf8(each)));
      const chain = followHandovers(read, unhex(anchor), verify);
      const signed = { text: utf8(text), signature: unhex(signature) };
      const opened = openCertificateAt(chain, signed, atMs, verify);
      if (opened === undefined) throw new Error("no key of the authority signed it then");
      return {
        authority: hex(opened.authority),
        keys: chain.keys.map(({ entry, endedAtMs = null }) => [hex(entry.authorityKey), endedAtMs]),
      };
    },
  });
}
