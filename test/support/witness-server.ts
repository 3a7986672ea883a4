import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { LogSigner } from "../../audit/logs.ts";
import { KEY_TYPES, type NoteKey } from "../../audit/verify/note.ts";
import type { ConfiguredWitness } from "../../audit/witness/parse-witness.ts";
import { witnessListener } from "../../audit/witness/witness-listener.ts";
import { approvers } from "./approvers.ts";
import { newSigner } from "./audit-log.ts";

/** A witness on a port of this process, with all that it saw in memory. */
export interface TestWitness extends ConfiguredWitness {
  /** The logs that it knows; more may be added while it runs. */
  readonly logs: NoteKey[];
  /** The notes that it cosigned last, by origin. */
  readonly seen: Map<string, string>;
  readonly signer: LogSigner;
  /** Requests that were made to it, as method and path. */
  readonly requests: string[];
  /** Answers a request in its place; false when it does not. */
  interfere: (request: IncomingMessage, response: ServerResponse) => boolean;
  close(): Promise<void>;
}

/** @param known the approvers of restores that it knows */
export async function startWitness(
  name = "witness.example",
  known: readonly NoteKey[] = approvers,
): Promise<TestWitness> {
  const signer = newSigner();
  const logs: NoteKey[] = [];
  const seen = new Map<string, string>();
  const restores = new Map<string, readonly string[]>();
  const listener = witnessListener({
    name,
    signer,
    logs,
    approvers: known,
    store: {
      latest: (origin) => Promise.resolve(seen.get(origin)),
      put: (origin, note) => Promise.resolve(void seen.set(origin, note)),
      restores: (origin) => Promise.resolve(restores.get(origin) ?? []),
      addRestore: (origin, note) =>
        Promise.resolve(void restores.set(origin, [...(restores.get(origin) ?? []), note])),
    },
    now: Date.now,
  });
  const server = createServer((request, response) => {
    witness.requests.push(`${request.method} ${request.url}`);
    if (!witness.interfere(request, response)) listener(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const witness: TestWitness = {
    key: { name, type: KEY_TYPES.cosignature, publicKey: signer.publicKey },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    gets: "all",
    logs,
    seen,
    signer,
    requests: [],
    interfere: () => false,
    async close() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, "close");
    },
  };
  return witness;
}
