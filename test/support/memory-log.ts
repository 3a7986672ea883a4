import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { growTree } from "../../audit/integrate/grow-tree.ts";
import type { LogSigner } from "../../audit/logs.ts";
import { nodeChecks } from "../../audit/node-checks.ts";
import { checkpointText, type Checkpoint, type TreeHead } from "../../audit/verify/checkpoint.ts";
import { encodeBundle } from "../../audit/verify/entry-bundle.ts";
import type { LogSource } from "../../audit/verify/log-source.ts";
import { formatNote, keyIdOf, KEY_TYPES, type NoteKey } from "../../audit/verify/note.ts";
import type { Edge } from "../../audit/verify/proven-tiles.ts";
import {
  bundlePath,
  edgeTiles,
  TILE_WIDTH,
  tilePath,
  tilesOfLevel,
} from "../../audit/verify/tile.ts";
import { emptyRoot, HASH_BYTES, leafHash } from "../../audit/verify/tree-hash.ts";
import { utf8 } from "../../crypto/wire/bytes.ts";

const { sha256 } = nodeChecks;

/** A whole log in memory, made by the code under test, as files. */
export class MemoryLog implements LogSource {
  readonly files = new Map<string, Uint8Array>();
  readonly key: NoteKey;
  head: TreeHead = { size: 0, root: emptyRoot(sha256) };
  readonly #privateKey: KeyObject;
  readonly #entries: Uint8Array[] = [];

  /** @param twin another log by the same name and key, as of an operator that keeps two */
  constructor(name = "example.com/log", twin?: MemoryLog) {
    const privateKey =
      twin === undefined ? generateKeyPairSync("ed25519").privateKey : twin.#privateKey;
    const { x } = createPublicKey(privateKey).export({ format: "jwk" });
    this.#privateKey = privateKey;
    this.key = { name, type: KEY_TYPES.ed25519, publicKey: Buffer.from(x ?? "", "base64url") };
    this.files.set("checkpoint", utf8(this.signed(this.head)));
  }

  append(entries: readonly Uint8Array[]): void {
    const edge = this.#edge();
    const leaves = entries.map((entry) => leafHash(sha256, entry));
    const { head, tiles } = growTree(sha256, this.head, edge, leaves);
    this.#entries.push(...entries);
    for (const tile of tiles) this.files.set(tilePath(tile), tile.hashes);
    for (const { index, width } of tilesOfLevel(0, head.size)) {
      const from = index * TILE_WIDTH;
      this.files.set(
        bundlePath(index, width),
        encodeBundle(this.#entries.slice(from, from + width)),
      );
    }
    this.head = head;
    this.files.set("checkpoint", utf8(this.signed(head)));
  }

  /** What whoever has the key can make: another history under the same name. */
  again(entries: readonly Uint8Array[]): MemoryLog {
    const log = new MemoryLog(this.key.name, this);
    log.append(entries);
    return log;
  }

  /** Signs any bytes with the log's key. */
  get signer(): LogSigner {
    const { publicKey } = this.key;
    return { publicKey, sign: (bytes) => Promise.resolve(sign(null, bytes, this.#privateKey)) };
  }

  signed(head: Omit<Checkpoint, "origin">): string {
    const text = checkpointText({ origin: this.key.name, ...head });
    const signature = sign(null, utf8(text), this.#privateKey);
    return formatNote(text, [{ name: this.key.name, keyId: keyIdOf(sha256, this.key), signature }]);
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.files.get(path));
  }

  async *list(): AsyncIterable<string> {
    yield* this.files.keys();
  }

  #edge(): Edge {
    const edge = new Map<number, Uint8Array>();
    for (const tile of edgeTiles(this.head.size)) {
      const hashes = this.files.get(tilePath(tile));
      if (hashes?.length !== tile.width * HASH_BYTES) throw new Error("no edge");
      edge.set(tile.level, hashes);
    }
    return edge;
  }
}
