import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileSink } from "../../../audit/sinks/file-sink.ts";
import { inTime } from "../../../audit/sinks/in-time.ts";
import { openSink } from "../../../audit/sinks/open-sink.ts";
import { sinkLine } from "../../../audit/sinks/sink-line.ts";

const entryOf = (text: string) => ({
  origin: "desk.example/audit/t/demo",
  index: 7,
  entry: Buffer.from(text),
});

test.each(["pipe", "device", "folder"])("a file sink refuses a path that is a %s", async (kind) => {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-sinks-"));
  execFileSync("mkfifo", [join(folder, "pipe")]);
  const paths = { pipe: join(folder, "pipe"), device: "/dev/null", folder };
  const refusal = fileSink(paths[kind as keyof typeof paths]).take([entryOf("{}")]);
  await expect(refusal).rejects.toMatchObject({
    code: kind === "folder" ? "EISDIR" : "sink_not_a_file",
  });
  await rm(folder, { recursive: true });
});

test("what hangs is not waited for", async () => {
  const hung = new Promise<void>(() => undefined);
  await expect(inTime(hung, 1)).rejects.toMatchObject({ code: "sink_too_slow" });
});

test("a receiver that ends its stream before it has read everything has not taken the batch", async () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    // It says at once that it sends nothing, as a program that stops does, and reads on a little.
    socket.end();
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const batch = Array.from({ length: 64 }, () => entryOf("x".repeat(1_000_000)));
  const sink = await openSink({ kind: "tcp", host: "127.0.0.1", port }, {}, Date.now);
  const taken = sink.take(batch);
  await expect(taken).rejects.toMatchObject({ code: "sink_ended_early" });
  await new Promise((resolve) => server.close(resolve));
});

test("a line names its entry also after a restore, when another entry has the same index", () => {
  const line = (text: string) => JSON.parse(sinkLine(entryOf(text))) as { readonly leaf: string };
  // RFC 9162 section 2.1.1: the hash of a leaf.
  const leaf = createHash("sha256").update("\0").update('{"a":1}').digest("base64");
  expect(line('{"a":1}')).toMatchObject({ log: "desk.example/audit/t/demo", index: 7, leaf });
  expect(line('{"a":2}').leaf).not.toBe(leaf);
});
