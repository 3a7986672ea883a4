/**
 * Compares the tables of frame.ts with frames.proto as protobufjs reads it, with numbers for 64-bit
 * fields: what one encodes, the other decodes. Random bytes neither hang the decoder nor throw anything but WireError.
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import protobuf from "protobufjs";
import { concat } from "../../../../crypto/wire/bytes.ts";
import {
  activityKinds,
  decodeControl,
  decodeFrame,
  encodeControl,
  encodeFrame,
  eventKinds,
  presenceStates,
  type Frame,
} from "../../../../crypto/wire/frame.ts";
import { uuidToBytes } from "../../../../crypto/wire/uuid.ts";
import type { UserId, DeviceId } from "../../../../crypto/wire/ids.ts";
import { newId } from "../../../../tools/testkit/ids.ts";
import { controls, frames } from "./frame-arbitraries.ts";

protobuf.util.Long = null as never;
protobuf.configure();

const property = { seed: 20260105, numRuns: 300 };
const schema = new URL("../../../../crypto/wire/frames.proto", import.meta.url);
const { root } = protobuf.parse(readFileSync(schema, "utf8"), { keepCase: false });
const frameType = root.lookupType("sealdesk.v1.Frame");
const controlType = root.lookupType("sealdesk.v1.Control");

/** The same value with identifiers and other bytes in hexadecimal, as either side may hold them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value))
    return Buffer.from(uuidToBytes(value)).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const parts = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(parts.map(([name, part]) => [name, plain(part)]));
}

/** Converts our values to those of protobufjs: bytes for identifiers, numbers for enum words. */
function forReflection(type: protobuf.Type, value: object): Record<string, unknown> {
  const parts = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(
    parts.map(([name, part]) => {
      const field = type.fields[name]?.resolve();
      if (field === undefined) throw new Error(`${type.name} has no field ${name}`);
      const one = (each: unknown) => valueForReflection(field, each);
      return [name, Array.isArray(part) ? part.map(one) : one(part)];
    }),
  );
}

function valueForReflection({ resolvedType, type }: protobuf.Field, value: unknown): unknown {
  if (resolvedType instanceof protobuf.Type) return forReflection(resolvedType, value as object);
  if (resolvedType instanceof protobuf.Enum)
    return resolvedType.values[(value as string).toUpperCase()];
  if (type === "bytes" && typeof value === "string") return Buffer.from(uuidToBytes(value));
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

/** What the schema reads from our bytes, in our types. */
function reflected(type: protobuf.Type, encoded: Uint8Array): Record<string, unknown> {
  const decoded = type.decode(encoded);
  const object = type.toObject(decoded, { longs: Number, arrays: true, defaults: false });
  return withDefaults(type, object);
}

/** Fields without a default on our side: absent in proto3 means absent. */
const optional = ["Deliver.packet", "Activity.device", "Presence.user"];
const isOptional = (type: protobuf.Type, field: protobuf.Field): boolean =>
  optional.includes(`${type.name}.${field.name}`);

/**
 * proto3 leaves out defaults. Our decoder returns them. Messages and optional fields stay absent.
 */
function withDefaults(type: protobuf.Type, object: Record<string, unknown>) {
  const full: Record<string, unknown> = {};
  for (const field of type.fieldsArray) {
    field.resolve();
    const value = object[field.name];
    const { resolvedType } = field;
    if (resolvedType instanceof protobuf.Type) {
      const nested = (each: unknown) => withDefaults(resolvedType, each as Record<string, unknown>);
      if (field.repeated) full[field.name] = ((value ?? []) as unknown[]).map(nested);
      else if (value !== undefined) full[field.name] = nested(value);
    } else if (resolvedType instanceof protobuf.Enum)
      full[field.name] = resolvedType.valuesById[value as number]?.toLowerCase();
    else if (field.repeated) full[field.name] = value ?? [];
    else if (value !== undefined || !isOptional(type, field))
      full[field.name] = value ?? (field.type === "bytes" ? new Uint8Array(0) : field.typeDefault);
  }
  return full;
}

describe("frames.proto", () => {
  test("reads every frame of ours correctly", () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(plain(reflected(frameType, encodeFrame(frame)))).toEqual(
          plain({ [frame.kind]: frame.body }),
        );
      }),
      property,
    );
  });

  test("writes frames that we read correctly", () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const value = forReflection(frameType, { [frame.kind]: frame.body });
        const encoded = frameType.encode(frameType.create(value)).finish();
        expect(plain(decodeFrame(encoded))).toEqual(plain(frame));
      }),
      property,
    );
  });

  test("does the same for the content of a membership event", () => {
    fc.assert(
      fc.property(controls, (control) => {
        expect(plain(reflected(controlType, encodeControl(control)))).toEqual(plain(control));
        const value = forReflection(controlType, control);
        const encoded = controlType.encode(controlType.create(value)).finish();
        expect(plain(decodeControl(encoded))).toEqual(plain(control));
      }),
      property,
    );
  });

  test.each([
    ["EventKind", eventKinds],
    ["ActivityKind", activityKinds],
    ["PresenceState", presenceStates],
  ])("%s has our words and numbers", (name, kinds) => {
    const values = Object.entries(root.lookupEnum(name).values).filter(([, number]) => number > 0);
    const ours = Object.entries(kinds).map(([word, number]) => [word.toUpperCase(), number]);
    expect(Object.fromEntries(values)).toEqual(Object.fromEntries(ours));
  });
});

describe("decoding", () => {
  test("gives back what was encoded", () => {
    fc.assert(
      fc.property(frames, controls, (frame, control) => {
        expect(plain(decodeFrame(encodeFrame(frame)))).toEqual(plain(frame));
        expect(plain(decodeControl(encodeControl(control)))).toEqual(plain(control));
      }),
      property,
    );
  });

  test.each([
    ["an unknown field", (input: Uint8Array) => concat(input, Uint8Array.of(0x7a, 1, 7))],
    [
      "a field in the wrong place",
      (input: Uint8Array) => concat(input.subarray(2), input.subarray(0, 2)),
    ],
    [
      "a number that is longer than needed",
      (input: Uint8Array) => concat(Uint8Array.of(0x08, 0x81, 0x00), input.subarray(2)),
    ],
    [
      "an unknown field inside a member",
      (input: Uint8Array) =>
        concat(
          input,
          Uint8Array.of(0x22, 21, 0x0a, 16),
          new Uint8Array(16),
          Uint8Array.of(0x7a, 1, 7),
        ),
    ],
  ])("refuses the content of a membership event with %s", (_, changed) => {
    const id = newId<UserId>();
    const control = {
      epoch: 1,
      actor: id,
      subject: id,
      members: [],
      creation: undefined,
      receipt: undefined,
      signer: undefined,
      staffCertificate: undefined,
    };
    expect(() => decodeControl(changed(encodeControl(control)))).toThrow(
      expect.objectContaining({ name: "WireError", code: "malformed_frame" }),
    );
  });

  test("refuses the content of a membership event that no conversation needs", () => {
    const id = newId<UserId>();
    const member = {
      user: id,
      role: "agent",
      devices: Array.from({ length: 256 }, () => newId<DeviceId>()),
    };
    const control = {
      epoch: 1,
      actor: id,
      subject: id,
      members: Array.from({ length: 16 }, () => member),
      creation: undefined,
      receipt: undefined,
      signer: undefined,
      staffCertificate: undefined,
    };
    expect(() => decodeControl(encodeControl(control))).toThrow(
      expect.objectContaining({ name: "WireError", code: "malformed_frame" }),
    );
  });

  const onlyWireErrors = (decode: (input: Uint8Array) => unknown, input: Uint8Array) => {
    try {
      return decode(input);
    } catch (error) {
      expect(error).toMatchObject({ name: "WireError", code: "malformed_frame" });
      return undefined;
    }
  };

  test("random bytes throw nothing but WireError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (input) => {
        for (const each of [input, Buffer.from(input)]) {
          onlyWireErrors(decodeFrame, each);
          onlyWireErrors(decodeControl, each);
        }
      }),
      { ...property, numRuns: 2000 },
    );
  });

  test("changed frames throw nothing but WireError, and frames that still decode have one form", () => {
    const changes = fc.record({ at: fc.nat(), byte: fc.nat(255), how: fc.nat(2) });
    fc.assert(
      fc.property(frames, fc.array(changes, { minLength: 1, maxLength: 4 }), (frame, edits) => {
        const input = [...encodeFrame(frame)];
        for (const { at, byte, how } of edits)
          input.splice(at % (input.length + 1), how === 2 ? 0 : 1, ...(how === 1 ? [] : [byte]));
        const decoded = onlyWireErrors(decodeFrame, Uint8Array.from(input));
        if (decoded === undefined) return;
        expect(plain(decodeFrame(encodeFrame(decoded as Frame)))).toEqual(plain(decoded));
      }),
      { ...property, numRuns: 1000 },
    );
  });

  test("the largest frame of the smallest fields ends quickly", () => {
    const filled = (fill: readonly number[]) =>
      Uint8Array.from({ length: 512 * 1024 }, (_, index) => fill[index % fill.length] ?? 0);
    const before = process.cpuUsage();
    for (const fill of [[0x9b, 0x06], [0x98, 0x06, 0], [0x1a, 0], [0x12, 0], [0x80], [0xff], [0]])
      onlyWireErrors(decodeFrame, filled(fill));
    // CPU time, so that a busy machine does not count.
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(2000);
    expect(() => decodeFrame(new Uint8Array(512 * 1024 + 1))).toThrow(
      expect.objectContaining({ name: "WireError" }),
    );
  });
});
