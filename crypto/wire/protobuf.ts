/**
 * Declares protobuf messages as tables of fields, so that one pass both decodes and validates.
 * Lengths, counts and ranges are part of the declaration, and `decode` returns nothing unchecked.
 * It is stricter than protobuf: a field that is not a list occurs once, text is UTF-8, and no
 * number is cut to its width. Two parsers therefore cannot read two meanings from one message. It
 * is wire-compatible with frames.proto; a test compares the two.
 */
import { fromUtf8, utf8 } from "./bytes.ts";
import {
  idFromBytes,
  type TenantId,
  type UserId,
  type DeviceId,
  type ConversationId,
  type AttachmentId,
  type GrantId,
  type ConsentId,
  type MessageId,
} from "./ids.ts";
import { createReader, type Reader } from "./reader.ts";
import type { Uuid } from "./uuid.ts";
import { WireError } from "./wire-error.ts";
import { written, type Writer } from "./writer.ts";

const VARINT = 0;
const BYTES = 2;

/** The type of one field: how it is written and read, and what its absence means. */
export interface Field<T> {
  readonly wireType: typeof VARINT | typeof BYTES;
  write(writer: Writer, value: T): void;
  read(reader: Reader): T;
  /** Returns the value of an absent field; throws when the field is required. */
  absent(): T;
  /** True when the field is left out of the encoding, as proto3 does with defaults. */
  omits(value: T): boolean;
  /** The type of a list's values and their greatest number. */
  readonly repeated?: { readonly item: Field<unknown>; readonly max: number };
}

const malformed = (what: string): WireError =>
  new WireError("malformed_frame", `A frame field is not valid: ${what}.`);

const required = (what: string) => (): never => {
  throw malformed(`${what} is missing`);
};

/** Returns the field of an unsigned integer of at most `max`. An absent field means 0. */
export const uint = (max: number = Number.MAX_SAFE_INTEGER): Field<number> => ({
  wireType: VARINT,
  write: (writer, value) => writer.varint(value),
  read(reader) {
    const value = reader.number();
    if (value > max) throw malformed("number out of range");
    return value;
  },
  absent: () => 0,
  omits: (value) => value === 0,
});

/** True or false; absent means false. */
export const flag: Field<boolean> = {
  wireType: VARINT,
  write: (writer, value) => writer.varint(Number(value)),
  read(reader) {
    const value = reader.number();
    if (value > 1) throw malformed("neither true nor false");
    return value === 1;
  },
  absent: () => false,
  omits: (value) => !value,
};

/** Bytes of at most `max`; absent means empty. */
export const bytes = (max: number): Field<Uint8Array> => ({
  wireType: BYTES,
  write: (writer, value) => writer.bytes(value),
  read(reader) {
    const value = reader.bytes();
    if (value.length > max) throw malformed(`more than ${max} bytes`);
    return value;
  },
  absent: () => new Uint8Array(0),
  omits: (value) => value.length === 0,
});

/** Exactly `length` bytes; required. */
export const fixed = (length: number): Field<Uint8Array> => ({
  ...bytes(length),
  read(reader) {
    const value = reader.bytes();
    if (value.length !== length) throw malformed(`not ${length} bytes`);
    return value;
  },
  absent: required(`a field of ${length} bytes`),
  omits: () => false,
});

/** An id of a kind that the compiler knows, as the 16 bytes of a UUID; required. */
const id = <I extends Uuid>(): Field<I> => ({
  wireType: BYTES,
  write: (writer, value) => writer.uuid(value),
  read(reader) {
    const { start, end } = reader.span();
    if (end - start !== 16) throw malformed("identifier is not 16 bytes");
    return idFromBytes(reader.input, start);
  },
  absent: required("an identifier"),
  omits: () => false,
});

export const tenantId = id<TenantId>();
export const userId = id<UserId>();
export const deviceId = id<DeviceId>();
export const conversationId = id<ConversationId>();
export const attachmentId = id<AttachmentId>();
export const messageId = id<MessageId>();
export const grantId = id<GrantId>();
export const consentId = id<ConsentId>();
/** The id of a thing whose kind the compiler does not know. */
export const uuid = id<Uuid>();

/** UTF-8 text of at most `max` bytes; absent means empty. */
export const text = (max: number): Field<string> => ({
  wireType: BYTES,
  write: (writer, value) => writer.bytes(utf8(value)),
  read(reader) {
    const value = reader.bytes();
    if (value.length > max) throw malformed(`text over ${max} bytes`);
    return fromUtf8(value);
  },
  absent: () => "",
  omits: (value) => value === "",
});

/** One of `names`, encoded as its number in the table. Zero and unknown numbers are refused. */
export function choice<T extends string>(names: Readonly<Record<T, number>>): Field<T> {
  const entries: [T, number][] = Object.entries(names) as [T, number][];
  const byNumber = new Map(entries.map(([name, number]) => [number, name]));
  return {
    wireType: VARINT,
    write: (writer, value) => writer.varint(names[value]),
    read(reader) {
      const name = byNumber.get(reader.number());
      if (name === undefined) throw malformed("unknown choice");
      return name;
    },
    absent: required("a choice"),
    omits: () => false,
  };
}

export const optional = <T>(field: Field<T>): Field<T | undefined> => ({
  wireType: field.wireType,
  write(writer, value) {
    if (value !== undefined) field.write(writer, value);
  },
  read: (reader) => field.read(reader),
  absent: () => undefined,
  omits: (value) => value === undefined,
});

/** Returns the field of a list of at most `max` values. */
export const list = <T>(field: Field<T>, max: number): Field<readonly T[]> => ({
  wireType: field.wireType,
  repeated: { item: field, max },
  write: () => undefined,
  read(reader) {
    return [field.read(reader)];
  },
  absent: () => [],
  omits: (value) => value.length === 0,
});

type Shape = Readonly<Record<string, readonly [tag: number, field: Field<unknown>]>>;
type ValueOf<F> = F extends Field<infer T> ? T : never;

/** The TypeScript value of a message declared with `message`. */
export type MessageOf<M> = M extends Message<infer T> ? T : never;

export interface Message<T> {
  write(value: T, writer: Writer): void;
  /** Reads up to `end`. @throws WireError malformed_frame */
  read(reader: Reader, end: number): T;
}

interface Entry {
  readonly name: string;
  readonly key: number;
  readonly field: Field<unknown>;
  readonly item: Field<unknown> | undefined;
  readonly max: number;
}

/** Declares a message: property name -> [tag, field]. */
export const message = <const S extends Shape>(
  shape: S,
): Message<{ [K in keyof S]: ValueOf<S[K][1]> }> => build(shape) as never;

function build(shape: Shape): Message<Record<string, unknown>> {
  const entries: Entry[] = Object.entries(shape).map(([name, [tag, field]]) => ({
    name,
    key: ((tag << 3) | field.wireType) >>> 0,
    field,
    item: field.repeated?.item,
    max: field.repeated?.max ?? 0,
  }));
  const byKey: (Entry | undefined)[] = [];
  for (const entry of entries) byKey[entry.key] = entry;
  const blank = Object.fromEntries(entries.map(({ name }) => [name, undefined]));

  return {
    write(value, writer) {
      for (const { name, key, field, item } of entries) {
        const part = value[name];
        if (item !== undefined)
          for (const each of part as unknown[]) {
            writer.varint(key);
            item.write(writer, each);
          }
        else if (!field.omits(part)) {
          writer.varint(key);
          field.write(writer, part);
        }
      }
    },
    read(reader, end) {
      const value: Record<string, unknown> = { ...blank };
      while (reader.pos < end) {
        const key = reader.key();
        const entry = byKey[key];
        if (entry === undefined) reader.skip(key & 7, key >>> 3);
        else if (entry.item === undefined) {
          if (value[entry.name] !== undefined) throw malformed("a field comes twice");
          value[entry.name] = entry.field.read(reader);
        } else {
          const values = (value[entry.name] ??= []) as unknown[];
          if (values.length >= entry.max) throw malformed(`more than ${entry.max} values`);
          values.push(entry.item.read(reader));
        }
      }
      if (reader.pos !== end) throw malformed("truncated");
      for (const { name, field } of entries) value[name] ??= field.absent();
      return value;
    },
  };
}

type Alternatives = Readonly<Record<string, readonly [tag: number, inner: Message<unknown>]>>;
type OneOf<S extends Alternatives> = {
  [K in keyof S]: { readonly kind: K; readonly body: MessageOf<S[K][1]> };
}[keyof S];

/**
 * Returns the type of a message that is one proto3 `oneof`. Exactly one of its messages must be
 * present.
 */
export function oneOf<const S extends Alternatives>(shape: S): Message<OneOf<S>> {
  const entries = Object.entries(shape).map(([kind, [tag, inner]]) => ({
    kind,
    key: ((tag << 3) | BYTES) >>> 0,
    field: nested(inner),
  }));
  const byKind = new Map(entries.map((entry) => [entry.kind, entry]));
  const byKey: ((typeof entries)[number] | undefined)[] = [];
  for (const entry of entries) byKey[entry.key] = entry;

  return {
    write(value, writer) {
      const entry = byKind.get(value.kind as string);
      if (entry === undefined) throw malformed("unknown kind");
      writer.varint(entry.key);
      entry.field.write(writer, value.body);
    },
    read(reader, end) {
      let found: { readonly kind: string; readonly body: unknown } | undefined;
      while (reader.pos < end) {
        const key = reader.key();
        const entry = byKey[key];
        if (entry === undefined) reader.skip(key & 7, key >>> 3);
        else if (found !== undefined) throw malformed("more than one body");
        else found = { kind: entry.kind, body: entry.field.read(reader) };
      }
      if (reader.pos !== end) throw malformed("truncated");
      if (found === undefined) throw malformed("no body");
      return found as OneOf<S>;
    },
  };
}

/**
 * Returns the field of a message inside another message. Its absence is an error; use `optional`
 * where it may be absent.
 */
export const nested = <T>(inner: Message<T>): Field<T> => ({
  wireType: BYTES,
  write: (writer, value) => writer.nested(inner, value),
  read: (reader) => {
    const { start, end } = reader.span();
    reader.pos = start;
    return inner.read(reader, end);
  },
  absent: required("a nested message"),
  omits: () => false,
});

export const encode = <T>(type: Message<T>, value: T): Uint8Array => written(type, value);

/** @throws WireError malformed_frame, for anything that is not exactly one message of this type. */
export function decode<T>(type: Message<T>, input: Uint8Array): T {
  try {
    return type.read(createReader(input), input.length);
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw new WireError("malformed_frame", "The bytes are not a frame.", { cause: error });
  }
}
