import { nodeChecks } from "../../audit/node-checks.ts";
import { rangeRoots } from "../../audit/verify/log-source.ts";
import { formatVkey } from "../../audit/verify/note.ts";
import { consistencyProof, inclusionProof } from "../../audit/verify/proofs.ts";
import type { Fetch, HttpResponse } from "../../client/index.ts";
import { fromBase64Url, fromUtf8, toBase64Url } from "../../crypto/wire/bytes.ts";
import { decodeKeyEntry } from "../../crypto/wire/key-entry.ts";
import { keyLogOf } from "../../identity/transparency/key-log.ts";
import { MemoryLog } from "./memory-log.ts";
import type { TestServer } from "./server.ts";

const { sha256 } = nodeChecks;
const path = (url: string) => new URL(url).pathname;
const json = (body: unknown): HttpResponse => ({
  ok: true,
  status: 200,
  headers: { get: () => null },
  text: () => Promise.resolve(JSON.stringify(body)),
});

const isAuthorityEntry = (entry: Uint8Array): boolean =>
  fromUtf8(entry).includes('"type":"authority_key"');

/** Requests whose answer passes through `change`; every other request goes to the server as it is. */
export const fetchChanging =
  (change: (path: string, body: unknown) => unknown): Fetch =>
  async (url, init) => {
    const response = await globalThis.fetch(url, init);
    const { status } = response;
    if (status !== 200 || init.method !== "GET") return response;
    const text = await response.text();
    const changed = change(path(url), JSON.parse(text));
    return { ...json(changed), headers: response.headers };
  };

/** A key log of its own that a dishonest server shows to some of its users, properly signed. */
export class ShownLog {
  readonly log: MemoryLog;
  readonly #server: TestServer;
  readonly #entries: Uint8Array[] = [];
  #taken = 0;

  /** @param twin what others are shown under the same key */
  constructor(server: TestServer, twin?: ShownLog) {
    this.#server = server;
    this.log = new MemoryLog("support.example/keys/t/test", twin?.log);
  }

  /** Adds an entry that nobody else is shown. */
  append(entry: Uint8Array): void {
    this.log.append([entry]);
    this.#entries.push(entry);
  }

  /** What a device asks with that is shown this log instead of the server's. */
  readonly fetch: Fetch = async (url, init) => {
    const asked = path(url);
    const user = /^\/v1\/users\/([^/]+)\/key-history$/.exec(asked)?.[1];
    if (user === undefined && !asked.startsWith("/v1/key-log/")) return globalThis.fetch(url, init);
    // The server knows when all is there; what it says is not passed on.
    if (user !== undefined || asked.endsWith("/authority")) await globalThis.fetch(url, init);
    await this.#takeEntries();
    if (user !== undefined) return json(await this.#history(user));
    if (asked.endsWith("/checkpoint")) return json(this.#head());
    if (asked.endsWith("/authority")) return json(await this.#authority());
    const query = new URL(url).searchParams;
    return json(await this.#consistency(Number(query.get("old")), Number(query.get("size"))));
  };

  async #takeEntries(): Promise<void> {
    const { rows } = await this.#server.database.owner.query<{ entry: Buffer }>(
      "select entry from audit.entries where tenant = $1 order by id offset $2",
      [keyLogOf(this.#server.tenant.id), this.#taken],
    );
    this.#taken += rows.length;
    for (const { entry } of rows) this.append(new Uint8Array(entry));
  }

  #head() {
    return { vkey: formatVkey(sha256, this.log.key), checkpoint: this.log.signed(this.log.head) };
  }

  async #history(user: string) {
    const entries = await this.#proven(
      (entry) => !isAuthorityEntry(entry) && decodeKeyEntry(entry).record.user === user,
    );
    const newest = entries
      .map(({ entry }) => decodeKeyEntry(fromBase64Url(entry)).list)
      .findLast((list) => list !== undefined);
    const list = newest ? { ...newest, signature: toBase64Url(newest.signature) } : null;
    return { ...this.#head(), user, entries, list, more: false };
  }

  async #authority() {
    return { ...this.#head(), entries: await this.#proven(isAuthorityEntry) };
  }

  async #proven(isShown: (entry: Uint8Array) => boolean) {
    const { size } = this.log.head;
    const roots = rangeRoots(sha256, this.log, size);
    const entries = [];
    for (const [index, entry] of this.#entries.entries()) {
      if (!isShown(entry)) continue;
      const proof = await inclusionProof(roots, index, size);
      entries.push({ index, entry: toBase64Url(entry), proof: proof.map(toBase64Url) });
    }
    return entries;
  }

  async #consistency(old: number, size: number) {
    const proof = await consistencyProof(rangeRoots(sha256, this.log, size), old, size);
    return { proof: proof.map(toBase64Url) };
  }
}
