import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../src/sandbox/failure.ts';
import { decodeProtobuf } from '../../src/sandbox/http/protobuf.ts';
import { METADATA } from '../../src/sandbox/objects/shape.ts';

/** A body as Go writes it: k8s\0, then runtime.Unknown around the object. */
const bytes = (number: number, content: Uint8Array) => Buffer.concat([Buffer.of((number << 3) | 2, content.length), content]);
const text = (number: number, value: string) => bytes(number, Buffer.from(value));
const entry = (number: number, key: string, value: Uint8Array) => bytes(number, Buffer.concat([text(1, key), value]));
const wrapped = (object: Uint8Array) => Buffer.concat([Buffer.from('k8s\0', 'latin1'), bytes(1, Buffer.concat([text(1, 'v1'), text(2, 'Thing')])), bytes(2, object), text(3, ''), text(4, '')]);

const THING = {
  metadata: METADATA,
  spec: { fields: { request: 'bytes', seconds: 'int32', yes: 'boolean', names: { list: 'text' }, extra: { map: { list: 'text' } }, when: 'time', any: 'any' } },
} as const;

describe('a protobuf body', () => {
  it('becomes the JSON that it stands for', () => {
    const spec = Buffer.concat([
      bytes(1, Buffer.of(0, 255)),
      Buffer.of((2 << 3) | 0, 0xa0, 0x38),
      Buffer.of((3 << 3) | 0, 1),
      text(4, 'a'),
      text(4, 'b'),
      entry(5, 'k', bytes(2, Buffer.concat([text(1, 'v'), text(1, 'w')]))),
      bytes(6, Buffer.of((1 << 3) | 0, 0x80, 0xb5, 0xb3, 0xc9, 0x06)),
      text(7, 'left out'),
      text(15, 'unknown'),
    ]);
    const metadata = Buffer.concat([text(1, 'one'), bytes(8, Buffer.alloc(0)), entry(11, 'app', text(2, 'x'))]);
    assert.deepEqual(decodeProtobuf(wrapped(Buffer.concat([bytes(1, metadata), bytes(2, spec)])), THING), {
      apiVersion: 'v1',
      kind: 'Thing',
      metadata: { name: 'one', creationTimestamp: null, labels: { app: 'x' } },
      spec: { request: 'AP8=', seconds: 7200, yes: true, names: ['a', 'b'], extra: { k: ['v', 'w'] }, when: '2025-12-01T00:00:00Z' },
    });
  });

  it('that is cut off, or is none, is a bad request, and the whole one is not', () => {
    const whole = wrapped(bytes(1, text(1, 'one')));
    assert.deepEqual(decodeProtobuf(whole, THING).metadata, { name: 'one' });
    for (const broken of [Buffer.from('{}'), whole.subarray(0, -5), wrapped(Buffer.of(0x0a, 0x7f)), wrapped(Buffer.of(0x0d, 1, 2, 3, 4)), wrapped(Buffer.alloc(12, 0x80))]) {
      assert.throws(() => decodeProtobuf(broken, THING), (error) => error instanceof Failure && error.status.code === 400);
    }
  });
});
