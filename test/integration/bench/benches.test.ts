import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";

const run = promisify(execFile);
const main = fileURLToPath(new URL("../../../dist/tools/bench/main.js", import.meta.url));

const latency = z.strictObject({ p50Ms: z.number(), p99Ms: z.number() });
const load = z.strictObject({
  messagesPerSecond: z.number(),
  deliveriesPerSecond: z.number(),
  cpuMicrosPerMessage: z.number(),
  accept: latency,
  deliver: latency,
});
const idle = z.strictObject({
  connections: z.number().positive(),
  rssKiBEach: z.number(),
  heapKiBEach: z.number(),
});
const storm = z.strictObject({
  seconds: z.number().positive(),
  peakRssMiB: z.number().positive(),
  cpuMicrosPerDevice: z.number().positive(),
});
const felt = z.strictObject({
  requests: latency.extend({ refused: z.literal(0) }),
  messages: latency,
  disk: latency,
  /** Requests answered, frames written or messages accepted of the flood. */
  floodPerSecond: z.number().nonnegative(),
});
const command = z.strictObject({ seconds: z.number(), peakMiB: z.number().positive() });

/** What every benchmark says of itself: enough to place its figures, and its goals, judged. */
const report = z.object({
  bench: z.string(),
  at: z.iso.datetime(),
  commit: z.string(),
  node: z.string(),
  cpu: z.string(),
  cores: z.number(),
  goals: z
    .array(
      z.strictObject({
        name: z.string(),
        value: z.number(),
        atLeast: z.number().optional(),
        atMost: z.number().optional(),
        met: z.boolean(),
      }),
    )
    .nonempty(),
});

/** Each benchmark's own figures, its peer's beside them. */
const figuresOf = {
  relay: z.object({
    loads: z.record(
      z.string(),
      z.strictObject({ sealdesk: load, bareStorage: load, prototype: load, bareWs: load }),
    ),
    bareInsertsPerSecond: z.number().positive(),
  }),
  // ejabberd is not everywhere: peers.test.ts has what is said where it is missing.
  "peers --without ejabberd": z.object({
    loads: z.record(
      z.string(),
      z.strictObject({ sealdesk: load, prototype: load, socketIo: load }),
    ),
  }),
  idle: z.object({ idle: z.array(z.strictObject({ sealdesk: idle, bareWs: idle })).nonempty() }),
  storm: z.object({
    rounds: z.array(z.strictObject({ sealdesk: storm, prototype: storm })).nonempty(),
    agency: z.object({ messages: z.number().positive(), seconds: z.number().positive() }),
  }),
  fanout: z.object({
    fanout: z
      .array(z.strictObject({ size: z.number(), sealdesk: load, prototype: load }))
      .length(3),
  }),
  audit: z.object({
    actions: z
      .array(
        z.strictObject({
          action: z.string(),
          perSecond: z.number().positive(),
          perSecondWithoutAudit: z.number().positive(),
          overhead: z.number(),
        }),
      )
      .length(2),
    log: z.strictObject({
      entries: z.number().positive(),
      integratedPerSecond: z.number().positive(),
      verify: command,
      search: z.strictObject({
        withoutIndexMs: z.number().positive(),
        withIndexMs: z.number().positive(),
        firstPageMs: z.number().positive(),
        buildMicros: z.number().positive(),
        bytesPerEntry: z.number().positive(),
      }),
      exports: z.strictObject({
        tiles: command.extend({ entriesPerSecond: z.number().positive() }),
        jsonl: command.extend({ entriesPerSecond: z.number().positive() }),
        bytes: z.number().positive(),
      }),
    }),
  }),
  neighbours: z.object({
    alone: felt,
    beside: z.record(
      z.enum(["account's requests", "tenant's requests", "tenant's frames", "tenant's messages"]),
      felt,
    ),
  }),
  access: z.object({
    decisions: z.strictObject({
      defaultMicros: z.number().positive(),
      versionMicros: z.number().positive(),
      firstMicros: z.number().positive(),
    }),
    lists: z.strictObject({
      conversations: z.number().positive(),
      plainMs: z.number().positive(),
      allowedMs: z.number().positive(),
      ratio: z.number().positive(),
    }),
    signIns: z.strictObject({
      perSecond: z.number().positive(),
      bareArgon2PerSecond: z.number().positive(),
    }),
    names: z.strictObject({
      knownMs: z.number().positive(),
      otherKnownMs: z.number().positive(),
      unknownMs: z.number().positive(),
      noiseMs: z.number().nonnegative(),
      differenceMs: z.number().nonnegative(),
    }),
    reach: z.strictObject({
      policyMs: z.number().positive(),
      revocationMs: z.number().positive(),
    }),
  }),
  rights: z.object({
    destruction: z.record(
      z.enum(["few", "many"]),
      z.strictObject({ messages: z.number().positive(), destructionMs: z.number().positive() }),
    ),
    purge: z.strictObject({
      messages: z.number().positive(),
      batchedPerSecond: z.number().positive(),
      bareDeletePerSecond: z.number().positive(),
      dropMs: z.number().positive(),
    }),
    relay: z.strictObject({ alone: load, beside: load, isOutlasted: z.boolean() }),
    restart: z.strictObject({
      entries: z.number().positive(),
      shortMs: z.number().positive(),
      longMs: z.number().positive(),
      verifiedPerSecond: z.number().positive(),
      lackedEntries: z.number().positive(),
      lackingMs: z.number().positive(),
    }),
  }),
  growth: z.object({
    growth: z
      .array(load.extend({ conversations: z.number(), storedMessages: z.number() }))
      .length(2),
  }),
} as const;

// With tiny numbers, whose values mean nothing: that each runs, and says what it promises to say.
test.each(Object.entries(figuresOf))(
  "%s runs to its end and reports figures and goals as JSON",
  async (given, figures) => {
    const words = given.split(" ");
    const { stdout } = await run(process.execPath, [main, ...words, "--quick", "--json"]);
    const parsed = report.and(figures).parse(JSON.parse(stdout));
    expect(parsed.bench).toBe(words[0]);
  },
  300_000,
);
