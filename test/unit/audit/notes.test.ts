import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { nodeChecks } from "../../../audit/node-checks.ts";
import {
  checkpointText,
  openCheckpoint,
  parseCheckpointText,
} from "../../../audit/verify/checkpoint.ts";
import { cosignature, cosignedAt, cosignedBytes } from "../../../audit/verify/cosignature.ts";
import {
  formatNote,
  formatSignature,
  formatVkey,
  assertSignature,
  keyIdOf,
  KEY_TYPES,
  parseNote,
  parseVkey,
} from "../../../audit/verify/note.ts";
import {
  formatTlogProof,
  parseTlogProof,
  verifyTlogProof,
} from "../../../audit/verify/tlog-proof.ts";
import { assertQuorum, parseWitnessPolicy } from "../../../audit/verify/witness-policy.ts";
import { inclusionProof } from "../../../audit/verify/proofs.ts";
import { rangeRoots } from "../../../audit/verify/log-source.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { MemoryLog } from "../../support/memory-log.ts";

const { sha256 } = nodeChecks;

// golang.org/x/mod/sumdb/note/note_test.go, TestSign.
const peterVkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const peterSeed = Buffer.from("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", "base64").subarray(1);
const peterText =
  "If you think cryptography is the answer to your problem,\n" +
  "then you don't know what your problem is.\n";
const peterNote = `${peterText}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

// The first example of c2sp.org/tlog-cosignature. Its keys are not published.
const cosignedExample = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
`;

function keyFrom(seed: Uint8Array, name: string, type: 1 | 4) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  return { privateKey, key: { name, type, publicKey: Buffer.from(x ?? "", "base64url") } as const };
}

describe("signed notes", () => {
  test("are those of golang.org/x/mod", () => {
    const { privateKey, key } = keyFrom(peterSeed, "PeterNeumann", KEY_TYPES.ed25519);
    expect(formatVkey(sha256, key)).toBe(peterVkey);
    const signature = sign(null, utf8(peterText), privateKey);
    const signed = { name: key.name, keyId: keyIdOf(sha256, key), signature };
    expect(formatNote(peterText, [signed])).toBe(peterNote);
    assertSignature(nodeChecks, parseNote(peterNote), parseVkey(sha256, peterVkey));
  });

  test.each([
    ["no blank line", peterText],
    ["no signature", `${peterText}\n`],
    ["no last newline", peterNote.slice(0, -1)],
    ["a control character", peterNote.replace("answer", "ans\u0007wer")],
    ["a hyphen for a dash", peterNote.replace("\u2014", "-")],
    ["base64 without padding", peterNote.replace("JnAM=", "JnAM")],
    ["base64 of two forms", peterNote.replace("JnAM=", "JnAN=")],
  ])("are refused with %s", (_, note) => {
    expect(() => parseNote(note)).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  test("report when no known key signed, and when a known key did not sign this text", () => {
    const key = parseVkey(sha256, peterVkey);
    const altered = parseNote(peterNote.replace("answer", "question"));
    expect(() => assertSignature(nodeChecks, altered, key)).toThrow(
      expect.objectContaining({ code: "wrong_signature" }),
    );
    expect(() => assertSignature(nodeChecks, altered, { ...key, name: "Peter" })).toThrow(
      expect.objectContaining({ code: "unsigned" }),
    );
  });

  test.each([
    ["another key id", peterVkey.replace("c74f20a3", "c74f20a4")],
    // golang.org/x/mod/sumdb/note/note_test.go, TestNewVerifier. The ids belong to the bad key.
    [
      "a wrong length",
      "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
    ],
    ["another algorithm", "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"],
    ["no name", peterVkey.replace("PeterNeumann", "")],
    ["a space in the name", peterVkey.replace("PeterNeumann", "Peter Neumann")],
  ])("reject a verifier key with %s", (_, vkey) => {
    expect(() => parseVkey(sha256, vkey)).toThrow(expect.objectContaining({ code: "malformed" }));
  });
});

describe("checkpoints", () => {
  test("are read and written as in C2SP's example", () => {
    const { text, signatures } = parseNote(cosignedExample);
    const checkpoint = parseCheckpointText(text);
    expect(checkpoint).toMatchObject({ origin: "example.com/behind-the-sofa", size: 20852163 });
    expect(formatNote(checkpointText(checkpoint), signatures)).toBe(cosignedExample);
    expect(signatures[1]?.signature).toHaveLength(72);
  });

  test.each([
    ["no root", "example.com/log\n5\n"],
    ["a size with a leading zero", `example.com/log\n05\n${"A".repeat(43)}=\n`],
    ["a negative size", `example.com/log\n-5\n${"A".repeat(43)}=\n`],
    ["a size beyond 2^53", `example.com/log\n9007199254740993\n${"A".repeat(43)}=\n`],
    ["a root of 31 bytes", `example.com/log\n5\n${"A".repeat(42)}==\n`],
    ["an empty extension line", `example.com/log\n5\n${"A".repeat(43)}=\n\nmore\n`],
  ])("are refused with %s", (_, text) => {
    expect(() => parseCheckpointText(text)).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  test("of another log are refused, even with the right key", () => {
    const log = new MemoryLog();
    const { key } = log;
    const origin = "example.com/other";
    const note = new MemoryLog(origin).signed(log.head);
    expect(() => openCheckpoint(nodeChecks, note, key)).toThrow(
      expect.objectContaining({ code: "unsigned" }),
    );
  });
});

describe("cosignatures", () => {
  const { privateKey, key } = keyFrom(peterSeed, "witness.example.com/w1", KEY_TYPES.cosignature);
  const log = new MemoryLog();
  const { text, signatures } = parseNote(log.signed(log.head));
  const line = cosignature(
    sha256,
    key,
    1679315147,
    sign(null, cosignedBytes(text, 1679315147), privateKey),
  );
  const cosigned = parseNote(formatNote(text, signatures) + formatSignature(line));
  const policy = (quorum: string) =>
    parseWitnessPolicy(
      sha256,
      `# test\nwitness one ${formatVkey(sha256, key)}\nwitness two ${formatVkey(sha256, { ...key, name: "other" })}\ngroup either any one two\ngroup both all one two\nquorum ${quorum}\n`,
    );

  test("sign the time and the whole checkpoint", () => {
    expect(cosignedBytes(text, 1679315147).toString()).toBe(
      utf8(`cosignature/v1\ntime 1679315147\n${text}`).toString(),
    );
    expect(cosignedAt(nodeChecks, cosigned, key)).toBe(1679315147);
    const later = {
      ...line,
      signature: line.signature.map((byte, at) => (at === 7 ? byte + 1 : byte)),
    };
    const altered = parseNote(formatNote(text, [later]));
    expect(cosignedAt(nodeChecks, altered, key)).toBeUndefined();
  });

  test("make a quorum, or too few", () => {
    expect(assertQuorum(nodeChecks, policy("either"), cosigned)).toEqual(["one"]);
    for (const quorum of ["both", "two"])
      expect(() => assertQuorum(nodeChecks, policy(quorum), cosigned)).toThrow(
        expect.objectContaining({ code: "quorum_missing" }),
      );
    expect(() => policy("nobody")).toThrow(expect.objectContaining({ code: "malformed" }));
  });
});

describe("proof files", () => {
  const log = new MemoryLog();
  const entries = Array.from({ length: 300 }, (_, index) => utf8(`entry ${index}`));
  log.append(entries);
  const proofOf = async (index: number) => ({
    index,
    proof: await inclusionProof(rangeRoots(sha256, log, 300), index, 300),
    checkpoint: log.signed(log.head),
  });

  test("hold everything needed to check an entry offline", async () => {
    const written = formatTlogProof({ ...(await proofOf(270)), extra: utf8("where") });
    expect(written).toMatch(/^c2sp.org\/tlog-proof@v1\nextra d2hlcmU=\nindex 270\n/);
    const read = parseTlogProof(written);
    expect(formatTlogProof(read)).toBe(written);
    const entry = entries[270] ?? new Uint8Array();
    expect(verifyTlogProof(nodeChecks, read, entry, log.key).size).toBe(300);
    expect(() => verifyTlogProof(nodeChecks, read, utf8("another"), log.key)).toThrow(
      expect.objectContaining({ code: "invalid_proof", place: "entry 270" }),
    );
  });

  test("of another form are refused", async () => {
    const written = formatTlogProof(await proofOf(3));
    for (const bad of [
      written.replace("@v1", "@v2"),
      written.replace("index 3", "index 03"),
      written.replace("index 3\n", "index 3\nAAAA\n"),
      written.replace("index 3\n", ""),
      "",
    ])
      expect(() => parseTlogProof(bad)).toThrow(expect.objectContaining({ code: "malformed" }));
  });
});
