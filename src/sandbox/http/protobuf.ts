import { badRequest } from '../failure.ts';
import type { JsonRecord } from '../objects/object.ts';
import type { Shape } from '../objects/shape.ts';

/** Kubernetes puts these four bytes before a runtime.Unknown that wraps every protobuf body. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/**
 * Turns a protobuf body into the JSON it stands for: kubectl and Go's typed clients send nothing else. A message's
 * field numbers are the positions of its fields in the shape; what the shape calls `any` is left out. Throws 400.
 */
export function decodeProtobuf(body: Buffer, fields: Readonly<Record<string, Shape>>): JsonRecord {
  if (!body.subarray(0, 4).equals(MAGIC)) throw badRequest('the body is not protobuf: it does not begin with the bytes of Kubernetes');
  const envelope = decodeMessage(body.subarray(4), { typeMeta: { fields: { apiVersion: 'text', kind: 'text' } }, raw: 'bytes' });
  const raw = Buffer.from(typeof envelope.raw === 'string' ? envelope.raw : '', 'base64');
  return { ...(envelope.typeMeta as JsonRecord | undefined), ...decodeMessage(raw, fields) };
}

function decodeMessage(bytes: Buffer, fields: Readonly<Record<string, Shape>>): JsonRecord {
  const names = Object.keys(fields);
  const message: JsonRecord = {};
  for (const { number, value } of records(bytes)) {
    const name = names[number - 1];
    const shape = name === undefined ? undefined : fields[name];
    if (name === undefined || shape === undefined || shape === 'any') continue;
    if (typeof shape === 'object' && 'list' in shape) message[name] = [...((message[name] as unknown[] | undefined) ?? []), decodeValue(value, shape.list)];
    else if (typeof shape === 'object' && 'map' in shape) message[name] = { ...(message[name] as JsonRecord | undefined), ...decodeEntry(value, shape.map) };
    else message[name] = decodeValue(value, shape);
  }
  return message;
}

/** A map is a list of messages with the key in field 1 and the value in field 2. */
function decodeEntry(value: Buffer | bigint, shape: Shape): JsonRecord {
  const { key = '', value: found } = decodeMessage(bytesOf(value), { key: 'text', value: wrapped(shape) });
  const unwrapped = isList(shape) ? ((found as JsonRecord | undefined)?.items ?? []) : (found ?? '');
  return { [String(key)]: unwrapped };
}

/** Protobuf has no list inside a map: the API wraps it in a message with one field. */
function wrapped(shape: Shape): Shape {
  return isList(shape) ? { fields: { items: shape } } : shape;
}

function isList(shape: Shape): boolean {
  return typeof shape === 'object' && 'list' in shape;
}

function decodeValue(value: Buffer | bigint, shape: Shape): unknown {
  if (typeof shape === 'object') return 'fields' in shape ? decodeMessage(bytesOf(value), shape.fields) : null;
  switch (shape) {
    case 'any':
      return null;
    case 'text':
      return bytesOf(value).toString('utf8');
    case 'bytes':
      return bytesOf(value).toString('base64');
    case 'time':
      return decodeTime(bytesOf(value));
    case 'int32':
    case 'int64':
      return Number(BigInt.asIntN(64, numberOf(value)));
    case 'boolean':
      return numberOf(value) !== 0n;
  }
}

/** Go's zero time is an empty message, or the year 1: no time at all. */
function decodeTime(bytes: Buffer): string | null {
  const { seconds, nanos = 0 } = decodeMessage(bytes, { seconds: 'int64', nanos: 'int32' });
  if (typeof seconds !== 'number' || seconds < 0) return null;
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return nanos === 0 ? `${text}Z` : `${text}.${String(Math.floor(Number(nanos) / 1000)).padStart(6, '0')}Z`;
}

/** The fields of a message, in their order on the wire: a number of wire type 0, or bytes of wire type 2. */
function records(bytes: Buffer): readonly { readonly number: number; readonly value: Buffer | bigint }[] {
  const found: { number: number; value: Buffer | bigint }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = varint(bytes, at);
    const number = Number(tag.value >> 3n);
    const first = varint(bytes, tag.end);
    if ((tag.value & 7n) === 0n) {
      found.push({ number, value: first.value });
      at = first.end;
    } else if ((tag.value & 7n) === 2n && first.end + Number(first.value) <= bytes.length) {
      at = first.end + Number(first.value);
      found.push({ number, value: bytes.subarray(first.end, at) });
    } else throw badRequest(`the body is not protobuf: field ${number} does not end`);
  }
  return found;
}

function varint(bytes: Buffer, start: number): { readonly value: bigint; readonly end: number } {
  let value = 0n;
  for (let index = 0; index < 10; index += 1) {
    const octet = bytes[start + index];
    if (octet === undefined) break;
    value |= BigInt(octet & 0x7f) << BigInt(7 * index);
    if (octet < 0x80) return { value, end: start + index + 1 };
  }
  throw badRequest('the body is not protobuf: a number does not end');
}

function bytesOf(value: Buffer | bigint): Buffer {
  if (typeof value === 'bigint') throw badRequest('the body is not protobuf: found a number in place of bytes');
  return value;
}

function numberOf(value: Buffer | bigint): bigint {
  if (typeof value !== 'bigint') throw badRequest('the body is not protobuf: found bytes in place of a number');
  return value;
}
