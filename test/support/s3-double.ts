import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A DOUBLE of S3, in memory: the few calls that the S3 store makes, unsigned and unchecked, with
 * the refusals it relies on. It shows that the store speaks to itself, not that S3 agrees: `real-s3.ts`
 * is for that.
 */
export interface S3Double {
  readonly endpoint: string;
  /** Keys of all objects. */
  keys(): string[];
  /** The Object Lock that was asked for with an object; the double itself locks nothing. */
  lockOf(key: string): { readonly mode: string; readonly until: string } | undefined;
  /** Uploads under way. */
  uploads(): number;
  close(): Promise<void>;
}

interface Stored {
  readonly body: Buffer;
  readonly metadata: Record<string, string>;
}
interface Upload {
  readonly key: string;
  readonly parts: Map<number, Buffer>;
}

const leastPart = 5 * 1024 * 1024;

export async function startS3Double(): Promise<S3Double> {
  const objects = new Map<string, Stored>();
  const uploads = new Map<string, Upload>();
  const locks = new Map<string, { mode: string; until: string }>();
  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      const url = new URL(request.url ?? "/", "http://double");
      const [, , ...rest] = url.pathname.split("/");
      answer({ request, response, body, key: rest.join("/"), query: url.searchParams });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  function answer(call: Call): void {
    const { request, query } = call;
    const upload = uploads.get(query.get("uploadId") ?? "");
    if (query.has("uploadId") && upload === undefined) return refuse(call, 404, "NoSuchUpload");
    if (query.has("versions")) return listVersions(call);
    if (query.has("list-type")) return listObjects(call);
    if (query.has("uploads")) return request.method === "POST" ? begin(call) : listUploads(call);
    if (upload !== undefined) return ofUpload(call, upload);
    return ofObject(call);
  }

  function begin(call: Call): void {
    const id = randomUUID();
    uploads.set(id, { key: call.key, parts: new Map() });
    xml(
      call,
      `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
    );
  }

  function listVersions(call: Call): void {
    const prefix = call.query.get("prefix") ?? "";
    const delimiter = call.query.get("delimiter");
    const most = Number(call.query.get("max-keys") ?? 1000);
    const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).toSorted();
    const folders = keys.map((key) => prefix + key.slice(prefix.length).split("/")[0] + "/");
    const found =
      delimiter === null
        ? keys
            .slice(0, most)
            .map((key) => `<Version><Key>${key}</Key><VersionId>null</VersionId></Version>`)
        : [...new Set(folders)].map(
            (folder) => `<CommonPrefixes><Prefix>${folder}</Prefix></CommonPrefixes>`,
          );
    xml(call, `<ListVersionsResult>${found.join("")}</ListVersionsResult>`);
  }

  function listObjects(call: Call): void {
    const prefix = call.query.get("prefix") ?? "";
    const found = [...objects.keys()].filter((key) => key.startsWith(prefix));
    const entries = found.map((key) => `<Contents><Key>${key}</Key></Contents>`);
    xml(call, `<ListBucketResult>${entries.join("")}</ListBucketResult>`);
  }

  function listUploads(call: Call): void {
    const prefix = call.query.get("prefix") ?? "";
    const found = [...uploads].filter(([, { key }]) => key.startsWith(prefix));
    const entries = found.map(
      ([id, { key }]) => `<Upload><Key>${key}</Key><UploadId>${id}</UploadId></Upload>`,
    );
    xml(call, `<ListMultipartUploadsResult>${entries.join("")}</ListMultipartUploadsResult>`);
  }

  function ofUpload(call: Call, { key, parts }: Upload): void {
    const { request, response, query, body } = call;
    const id = query.get("uploadId") ?? "";
    switch (request.method) {
      case "PUT":
        parts.set(Number(query.get("partNumber")), body);
        return void response.writeHead(200, { etag: etagOf(body) }).end();
      case "GET": {
        const entries = [...parts].map(
          ([number, part]) =>
            `<Part><PartNumber>${number}</PartNumber><ETag>${etagOf(part)}</ETag><Size>${part.length}</Size></Part>`,
        );
        return xml(call, `<ListPartsResult>${entries.join("")}</ListPartsResult>`);
      }
      case "POST": {
        const named = [...body.toString().matchAll(/<PartNumber>(\d+)</g)].map(([, n]) =>
          Number(n),
        );
        const bodies = named.map((number) => parts.get(number) ?? Buffer.alloc(0));
        if (bodies.slice(0, -1).some(({ length }) => length < leastPart))
          return refuse(call, 400, "EntityTooSmall");
        objects.set(key, { body: Buffer.concat(bodies), metadata: {} });
        uploads.delete(id);
        return xml(call, "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
      }
      default:
        uploads.delete(id);
        return void response.writeHead(204).end();
    }
  }

  function ofObject(call: Call): void {
    const { request, response, key, body } = call;
    if (request.method === "PUT") {
      objects.set(key, { body, metadata: metadataOf(request) });
      const mode = request.headers["x-amz-object-lock-mode"];
      const until = request.headers["x-amz-object-lock-retain-until-date"];
      if (mode !== undefined) locks.set(key, { mode: String(mode), until: String(until) });
      return void response.writeHead(200, { etag: etagOf(body) }).end();
    }
    if (request.method === "DELETE") {
      objects.delete(key);
      return void response.writeHead(204).end();
    }
    const stored = objects.get(key);
    if (stored === undefined) return refuse(call, 404, "NoSuchKey");
    const [, from, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const part =
      from === undefined ? stored.body : stored.body.subarray(Number(from), Number(last) + 1);
    if (from !== undefined && part.length === 0) return refuse(call, 416, "InvalidRange");
    const range = `bytes ${from}-${Number(from) + part.length - 1}/${stored.body.length}`;
    response.writeHead(from === undefined ? 200 : 206, {
      "content-length": part.length,
      ...(from !== undefined && { "content-range": range }),
      ...stored.metadata,
    });
    response.end(request.method === "HEAD" ? undefined : part);
  }

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys: () => [...objects.keys()],
    lockOf: (key) => locks.get(key),
    uploads: () => uploads.size,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

const etagOf = (body: Buffer): string => `"${createHash("md5").update(body).digest("hex")}"`;

const metadataOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith("x-amz-meta-") && typeof value === "string" ? [[name, value]] : [],
    ),
  );

function xml({ response }: Call, body: string): void {
  response.writeHead(200, { "content-type": "application/xml" });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>${body}`);
}

function refuse({ request, response }: Call, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(request.method === "HEAD" ? undefined : `<Error><Code>${code}</Code></Error>`);
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
