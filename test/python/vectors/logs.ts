import { nodeChecks } from "../../../audit/node-checks.ts";
import { checkpointText, openCheckpoint } from "../../../audit/verify/checkpoint.ts";
import { cosignature, cosignedAt, cosignedBytes } from "../../../audit/verify/cosignature.ts";
import { rangeRoots } from "../../../audit/verify/log-source.ts";
import {
  formatNote,
  formatSignature,
  formatVkey,
  keyIdOf,
  KEY_TYPES,
  parseVkey,
} from "../../../audit/verify/note.ts";
import {
  consistencyProof,
  inclusionProof,
  verifyConsistency,
  verifyInclusion,
} from "../../../audit/verify/proofs.ts";
import { leafHash } from "../../../audit/verify/tree-hash.ts";
import { sign } from "../../../crypto/device/sodium.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { bytesOf, describeFormat, eachFlipped, hex, keyOf, unhex, type Refused } from "./format.ts";

const { sha256 } = nodeChecks;
const origin = "desk.example/keys/t/demo";
const logKey = { name: origin, type: KEY_TYPES.ed25519, publicKey: keyOf("log").publicKey };
const witness = {
  name: "witness.example",
  type: KEY_TYPES.cosignature,
  publicKey: keyOf("witness").publicKey,
};
const entryAt = (index: number): Uint8Array => utf8(`{"entry":${index}}`);

interface Head {
  readonly size: number;
  readonly root: Uint8Array;
  readonly restores?: number;
}

/** A tree of so many entries, and the head that the log's key signed. */
function treeOf(size: number) {
  const log = new MemoryLog(origin);
  log.append(Array.from({ length: size }, (_, index) => entryAt(index)));
  return log;
}

function noteOf(head: Head, signer = "log"): string {
  const text = checkpointText({ origin, ...head });
  const keyId = keyIdOf(sha256, logKey);
  const signature = sign(utf8(text), keyOf(signer).privateKey);
  return formatNote(text, [{ name: origin, keyId, signature }]);
}

function cosignedLine(text: string, timeS: number, signed = cosignedBytes(text, timeS)): string {
  const signature = sign(signed, keyOf("witness").privateKey);
  return formatSignature(cosignature(sha256, witness, timeS, signature));
}

const changed = (note: string, name: string, from: string | RegExp, to: string) => {
  if (note.replace(from, to) === note) throw new Error(`nothing to change: ${name}`);
  return { name, note: note.replace(from, to) };
};

export function heads() {
  const { head } = treeOf(85);
  const vkey = formatVkey(sha256, logKey);
  const note = noteOf(head);
  const input = { vkey, note };
  const altered = [
    changed(note, "another origin", "/demo\n", "/other\n"),
    changed(note, "another size", "\n85\n", "\n86\n"),
    changed(note, "a size with a zero before it", "\n85\n", "\n085\n"),
    changed(note, "no signature", /\u2014.*\n$/, ""),
    changed(note, "a hyphen in place of the dash", "\u2014", "-"),
    changed(note, "no newline at the end", /\n$/, ""),
    changed(note, "a control character", "\n85", "\r\n85"),
    changed(note, "the root without its padding", "=\n", "\n"),
    changed(note, "another key id", /(demo )(\w{4})/, "$1AAAA"),
  ].map(({ name, note: other }): Refused<typeof input> => ({ name, input: { vkey, note: other } }));
  const restored = noteOf({ ...head, restores: 2 });
  return describeFormat({
    name: "key-log-head",
    defined: "docs/crypto.md#key-transparency",
    accepted: [
      { name: "a head", input },
      { name: "of an empty log", input: { vkey, note: noteOf(treeOf(0).head) } },
      { name: "after two restores", input: { vkey, note: restored } },
      { name: "with a witness's line", input: { vkey, note: note + cosignedLine("other\n", 7) } },
    ],
    refused: [
      ...altered,
      { name: "signed by another key", input: { vkey, note: noteOf(head, "witness") } },
      {
        name: "a verifier key with another id",
        input: { ...input, vkey: vkey.replace(/\+\w{8}\+/, "+00000000+") },
      },
      {
        name: "a restore that is not counted",
        input: { vkey, note: restored.replace("restored 2", "restored 0") },
      },
    ],
    open(shown) {
      const key = parseVkey(sha256, shown.vkey);
      const { size, root, restores = 0 } = openCheckpoint(nodeChecks, shown.note, key);
      return { size, root: hex(root), restores };
    },
  });
}

export function cosignatures() {
  const { text, note } = (() => {
    const { head } = treeOf(85);
    return { text: checkpointText({ origin, ...head }), note: noteOf(head) };
  })();
  const vkey = formatVkey(sha256, witness);
  const timeS = 1_767_571_200;
  const input = { vkey, note: note + cosignedLine(text, timeS) };
  const refused: Refused<typeof input>[] = [
    { name: "no line of the witness", input: { vkey, note } },
    { name: "of another head", input: { vkey, note: note + cosignedLine(`${text}x\n`, timeS) } },
    {
      name: "without the label",
      input: { vkey, note: note + cosignedLine(text, timeS, utf8(text)) },
    },
    {
      name: "of another time",
      input: { vkey, note: note + cosignedLine(text, timeS, cosignedBytes(text, timeS + 1)) },
    },
    {
      name: "by another key of the same name",
      input: {
        ...input,
        vkey: formatVkey(sha256, { ...witness, publicKey: keyOf("log").publicKey }),
      },
    },
  ];
  return describeFormat({
    name: "cosignature",
    defined: "docs/crypto.md#what-a-device-does",
    accepted: [{ name: "a cosignature", input }],
    refused,
    open(shown) {
      const key = parseVkey(sha256, shown.vkey);
      const [signed = ""] = shown.note.split("\n\n");
      const parsed = { text: `${signed}\n`, signatures: [] };
      const at = cosignedAt(nodeChecks, noteParts(shown.note, parsed.text), key);
      if (at === undefined) throw new Error("the witness did not cosign this");
      return { timeS: at };
    },
  });
}

function noteParts(note: string, text: string) {
  const lines = note
    .slice(text.length + 1)
    .trimEnd()
    .split("\n");
  return {
    text,
    signatures: lines.map((line) => {
      const [, name = "", encoded = ""] = line.split(" ");
      const bytes = Uint8Array.from(Buffer.from(encoded, "base64"));
      return { name, keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
    }),
  };
}

export async function inclusions() {
  const inputs = await Promise.all(
    [
      [0, 1],
      [3, 7],
      [84, 85],
      [255, 256],
      [300, 1000],
    ].map(async ([index = 0, size = 0]) => {
      const log = treeOf(size);
      const proof = await inclusionProof(rangeRoots(sha256, log, size), index, size);
      const root = hex(log.head.root);
      return { entry: hex(entryAt(index)), index, size, root, proof: proof.map(hex) };
    }),
  );
  const input = inputs[1]!;
  return describeFormat({
    name: "inclusion-proof",
    defined: "docs/crypto.md#key-transparency",
    accepted: inputs.map((each) => ({ name: `${each.index} of ${each.size}`, input: each })),
    refused: [
      ...eachFlipped(input, ["entry", "root"]),
      { name: "another index", input: { ...input, index: 2 } },
      { name: "an index beyond the tree", input: { ...input, index: 7 } },
      // With eight entries, the path of entry 3 has as many hashes as with seven.
      { name: "another size", input: { ...input, size: 4 } },
      { name: "a hash missing", input: { ...input, proof: input.proof.slice(1) } },
      { name: "a hash too many", input: { ...input, proof: [...input.proof, input.root] } },
      { name: "hashes in another order", input: { ...input, proof: input.proof.toReversed() } },
      { name: "the hash of a node as an entry", input: { ...input, entry: input.root } },
    ],
    open({ entry, index, size, root, proof }) {
      const leaf = leafHash(sha256, unhex(entry));
      verifyInclusion(
        sha256,
        { leaf, index, proof: proof.map(unhex) },
        { size, root: unhex(root) },
      );
      return { leaf: hex(leaf) };
    },
  });
}

export async function consistencies() {
  const inputs = await Promise.all(
    [
      [1, 2],
      [3, 7],
      [4, 8],
      [85, 300],
      [256, 1000],
      [7, 7],
    ].map(async ([old = 0, size = 0]) => {
      const log = treeOf(size);
      const proof = await consistencyProof(rangeRoots(sha256, log, size), old, size);
      return {
        old,
        oldRoot: hex(treeOf(old).head.root),
        size,
        root: hex(log.head.root),
        proof: proof.map(hex),
      };
    }),
  );
  const input = inputs[3]!;
  return describeFormat({
    name: "consistency-proof",
    defined: "docs/crypto.md#key-transparency",
    accepted: inputs.map((each) => ({ name: `${each.old} and ${each.size}`, input: each })),
    refused: [
      ...eachFlipped(input, ["oldRoot", "root"]),
      { name: "another old size", input: { ...input, old: 84 } },
      { name: "a hash missing", input: { ...input, proof: input.proof.slice(1) } },
      { name: "a hash too many", input: { ...input, proof: [...input.proof, input.root] } },
      {
        name: "one bit of a hash",
        input: { ...input, proof: [hex(bytesOf("other")), ...input.proof.slice(1)] },
      },
      { name: "a smaller tree", input: { ...input, old: 300, size: 85 } },
      { name: "two roots of one size", input: { ...inputs[5]!, root: input.root } },
    ],
    open({ old, oldRoot, size, root, proof }) {
      const [earlier, later] = [
        { size: old, root: unhex(oldRoot) },
        { size, root: unhex(root) },
      ];
      verifyConsistency(sha256, earlier, later, proof.map(unhex));
      return { extends: true };
    },
  });
}
