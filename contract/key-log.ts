import * as z from "zod/mini";
import { documentation } from "./documentation.ts";
import { bytes, count, deviceList, userId, wholeNumber } from "./values.ts";

const maxEntryBytes = 65_535;
const size = count.check().register(documentation, { description: "Entries of the log" });
const hashes = z
  .array(bytes(32))
  .register(documentation, { description: "RFC 9162 path, from the leaf up" });

const head = {
  vkey: z.string().register(documentation, { description: "C2SP verifier key of the log" }),
  checkpoint: z.string().register(documentation, { description: "C2SP tlog-checkpoint" }),
};

export const keyLogHead = z.object(head).register(documentation, { id: "KeyLogHead" });

/** At most 16 witnesses, as the server has. The name of a key has at most 200 characters. */
const witnessList = z.string().check(z.maxLength(16 * 210));
const witness = z.string().check(z.regex(/^[!-*\--~]{1,200}\+[0-9a-f]{8}$/));
const cosigned = {
  witnesses: z.optional(
    z
      .codec(witnessList, z.array(witness).check(z.minLength(1), z.maxLength(16)), {
        decode: (text) => text.split(","),
        encode: (names) => names.join(","),
      })
      .register(documentation, {
        type: "string",
        description:
          "Witnesses that cosigned the head: `name+id` of their verifier keys, separated by commas",
      }),
  ),
  quorum: z.optional(
    wholeNumber("How many of the witnesses must have cosigned it; all by default", {
      minimum: 1,
      maximum: 16,
    }),
  ),
};

export const keyLogHeadQuery = z.strictObject(cosigned);

export const keyHistoryQuery = z.strictObject({
  after: z.optional(wholeNumber("The last version of the page before")),
  ...cosigned,
});

const provenEntries = z.array(
  z.object({ index: size, entry: bytes(maxEntryBytes, "at most"), proof: hashes }),
);

export const keyHistory = z
  .object({
    ...head,
    user: userId,
    entries: provenEntries,
    list: z.nullable(deviceList).register(documentation, {
      description: "The account's newest signed list of devices",
    }),
    more: z
      .boolean()
      .register(documentation, { description: "Whether entries of later versions follow" }),
  })
  .register(documentation, {
    id: "KeyHistory",
    description: "A user's entries by version, at most 100",
  });

export const authorityKeys = z.object({ ...head, entries: provenEntries }).register(documentation, {
  id: "AuthorityKeys",
  description: "The entries of the tenant's authority, by version",
});

const sizeInQuery = wholeNumber("Entries of the log");

export const consistencyQuery = z.strictObject({ old: sizeInQuery, size: sizeInQuery });

export const keyLogRestores = z.object({
  restores: z.array(z.string()).register(documentation, {
    description: "C2SP notes, signed by the key of the log and two approvers",
  }),
});

export const consistencyProof = z.object({ proof: hashes });
