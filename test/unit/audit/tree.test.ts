import fc from "fast-check";
import { growTree } from "../../../audit/integrate/grow-tree.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { rangeRoots } from "../../../audit/verify/log-source.ts";
import {
  consistencyProof,
  inclusionProof,
  verifyConsistency,
  verifyInclusion,
} from "../../../audit/verify/proofs.ts";
import { GrowingRoot } from "../../../audit/verify/growing-root.ts";
import { emptyRoot, leafHash, nodeHash, splitPoint } from "../../../audit/verify/tree-hash.ts";
import { equalBytes, toHex, utf8 } from "../../../crypto/wire/bytes.ts";
import { MemoryLog } from "../../support/memory-log.ts";

const { sha256 } = nodeChecks;
const entriesUpTo = (size: number) => Array.from({ length: size }, (_, index) => utf8(`${index}`));

/** MTH of RFC 9162 section 2.1.1, word for word. Everything else must agree with it. */
function mth(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (first === undefined) return emptyRoot(sha256);
  if (leaves.length === 1) return first;
  const k = splitPoint(leaves.length);
  return nodeHash(sha256, mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}

function logOf(size: number): MemoryLog {
  const log = new MemoryLog();
  log.append(entriesUpTo(size));
  return log;
}

// From Certificate Transparency's reference implementation (merkletree/merkle_tree_test.go).
const inputs = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const roots = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

describe("tree hashes", () => {
  test("match the vectors of Certificate Transparency", () => {
    expect(toHex(emptyRoot(sha256))).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    const growing = new GrowingRoot(sha256);
    const seen = inputs.map((input) => {
      growing.append(leafHash(sha256, Buffer.from(input, "hex")));
      return toHex(growing.root());
    });
    expect(seen).toEqual(roots);
  });

  test("grow to the same root at every size up to 2,000", () => {
    const log = new MemoryLog();
    const leaves: Uint8Array[] = [];
    const growing = new GrowingRoot(sha256);
    for (const entry of entriesUpTo(2000)) {
      const leaf = leafHash(sha256, entry);
      leaves.push(leaf);
      growing.append(leaf);
      log.append([entry]);
      if (!equalBytes(log.head.root, growing.root())) throw new Error(`at ${leaves.length}`);
      if (leaves.length % 97 < 2 || leaves.length % 256 < 2)
        expect(toHex(log.head.root)).toBe(toHex(mth(leaves)));
    }
    expect(log.head.size).toBe(2000);
  });

  test("do not depend on how the leaves were batched", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(600), { maxLength: 6 }), (batches) => {
        const log = new MemoryLog();
        let size = 0;
        for (const count of batches) {
          log.append(entriesUpTo(size + count).slice(size));
          size += count;
        }
        expect(log.head).toEqual(logOf(size).head);
      }),
      { seed: 20_261_129, numRuns: 20 },
    );
  });

  test("do not grow from an altered edge", () => {
    const { head } = logOf(3);
    const altered = new Map([[0, new Uint8Array(96)]]);
    expect(() => growTree(sha256, head, altered, [new Uint8Array(32)])).toThrow(RangeError);
  });
});

describe("proofs", () => {
  const log = logOf(2000);
  const leaf = (index: number) => leafHash(sha256, utf8(`${index}`));
  const leaves = Array.from({ length: 2000 }, (_, index) => leaf(index));
  const headAt = (size: number) => ({ size, root: mth(leaves.slice(0, size)) });
  const overAt = (size: number) => rangeRoots(sha256, logOf(size), size);
  const sizes = fc.integer({ min: 1, max: 2000 });
  const altered = (proof: readonly Uint8Array[], at: number) =>
    proof.map((hash, index) => (index === at % proof.length ? hash.map((byte) => byte ^ 1) : hash));

  test("prove each leaf in each tree, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (size, anyIndex, at) => {
        const index = anyIndex % size;
        const head = headAt(size);
        const proof = await inclusionProof(overAt(size), index, size);
        verifyInclusion(sha256, { leaf: leaf(index), index, proof }, head);
        const refused = [
          { leaf: leaf(index + 1), index, proof },
          { leaf: leaf(index), index: index + 1, proof },
          { leaf: leaf(index), index, proof: [...proof, leaf(0)] },
          ...(proof.length > 0
            ? [
                { leaf: leaf(index), index, proof: proof.slice(1) },
                { leaf: leaf(index), index, proof: altered(proof, at) },
              ]
            : []),
        ];
        for (const claim of refused)
          expect(() => verifyInclusion(sha256, claim, head)).toThrow(
            expect.objectContaining({ code: "invalid_proof" }),
          );
      }),
      { seed: 20_261_129, numRuns: 150 },
    );
  });

  test("prove each tree in each later one, and no other", async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (size, anyOld, at) => {
        const old = headAt(anyOld % (size + 1));
        const head = headAt(size);
        const proof = await consistencyProof(overAt(size), old.size, size);
        verifyConsistency(sha256, old, head, proof);
        if (old.size === 0) return;
        const other = { size: old.size, root: leaf(5000) };
        expect(() => verifyConsistency(sha256, other, head, proof)).toThrow();
        expect(() => verifyConsistency(sha256, old, head, [...proof, leaf(0)])).toThrow();
        if (proof.length > 0)
          expect(() => verifyConsistency(sha256, old, head, altered(proof, at))).toThrow();
        if (old.size < size)
          expect(() => verifyConsistency(sha256, head, old, proof)).toThrow(
            expect.objectContaining({ code: "rolled_back" }),
          );
      }),
      { seed: 20_261_129, numRuns: 150 },
    );
  });

  test("are as long as RFC 9162 says for its tree of seven", async () => {
    const lengths = await Promise.all(
      [0, 3, 4, 6].map(async (index) => (await inclusionProof(overAt(7), index, 7)).length),
    );
    expect(lengths).toEqual([3, 3, 3, 2]);
    const consistency = await Promise.all(
      [3, 4, 6].map(async (old) => (await consistencyProof(overAt(7), old, 7)).length),
    );
    expect(consistency).toEqual([4, 1, 3]);
    expect(equalBytes(await overAt(2000)(0, 2000), log.head.root)).toBe(true);
  });
});
