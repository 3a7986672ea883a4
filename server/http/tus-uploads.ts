import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { DataStore, MemoryLocker, Server, Upload } from "@tus/server";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { AttachmentDeps } from "../../messaging/attachments/attachment-deps.ts";
import { terminateUpload } from "../../messaging/attachments/terminate-upload.ts";
import { completeUpload, readUpload, receiveUpload } from "../../messaging/attachments/uploads.ts";
import type { Actor } from "../../policies/actor.ts";
import { exposedHeaders } from "./cors.ts";
import { problemOf } from "./problems.ts";

export const UPLOADS_PATH = "/v1/attachments";

export interface TusDeps {
  readonly uploads: AttachmentDeps;
  readonly publicUrl: string;
}

/** Answers one tus request of `actor` for the upload `id`. The upload's row must exist. */
export type ServeTus = (
  actor: Actor,
  id: Uuid,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;

/**
 * Implements tus 1.0 (core, creation, expiration, termination) with `@tus/server`. Each request
 * gets its own server object, bound to the actor, so that two devices cannot be confused. Only the
 * locks, which keep two requests from writing to one upload, are shared.
 */
export function tusUploads({ uploads, publicUrl }: TusDeps): ServeTus {
  const locker = new MemoryLocker();
  return async (actor, id, request, response) => {
    const server = new Server({
      path: UPLOADS_PATH,
      datastore: new ActorUploads(uploads, actor),
      locker,
      namingFunction: () => id,
      getFileIdFromRequest: () => id,
      generateUrl: () => `${publicUrl}${UPLOADS_PATH}/${id}`,
      // The header that allows an origin is set for all routes. This keeps it as it is.
      allowedOrigins: [],
      exposedHeaders,
      async onUploadFinish() {
        await completeUpload(uploads, actor, id);
        return {};
      },
      onResponseError(_request, error) {
        // Refusals of `@tus/server` carry a status already.
        if ("status_code" in error) return undefined;
        const problem = problemOf(error);
        return { status_code: problem.status, body: JSON.stringify(problem) };
      },
    });
    await server.handle(request, response);
  };
}

class ActorUploads extends DataStore {
  readonly #deps: AttachmentDeps;
  readonly #actor: Actor;

  constructor(deps: AttachmentDeps, actor: Actor) {
    super();
    this.#deps = deps;
    this.#actor = actor;
    this.extensions = ["creation", "expiration", "termination"];
  }

  override async getUpload(id: string): Promise<Upload> {
    const { size, offset, createdAtMs } = await readUpload(this.#deps, this.#actor, id);
    const creation_date = new Date(createdAtMs).toISOString();
    return new Upload({ id, size, offset, creation_date });
  }

  override write(stream: Readable, id: string, offset: number): Promise<number> {
    return receiveUpload(this.#deps, this.#actor, id, offset, stream);
  }

  override remove(id: string): Promise<void> {
    return terminateUpload(this.#deps, this.#actor, id);
  }

  override getExpiration(): number {
    return this.#deps.uploadLifetimeMs;
  }
}
