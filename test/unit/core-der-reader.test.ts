import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DerError } from '../../src/core/der-error.ts';
import { readDer } from '../../src/core/der-reader.ts';
import { bitNumbers, booleanValue, oidValue, smallInteger, textValue, timeValue, unsignedMagnitude } from '../../src/core/der-value.ts';
import { bitString, boolean, element, namedBits, nullValue, objectIdentifier, octetString, sequence, setOf, time, unsignedInteger } from '../../src/core/der-writer.ts';
import { bytes } from '../support/der/raw.ts';

describe('the DER reader', () => {
  it('gives views of the input with their positions, and copies nothing', () => {
    const input = sequence(boolean(true), sequence(octetString(bytes(1, 2, 3))));
    const node = readDer(input, { offset: 100 });
    const octets = node.children[1]?.children[0];
    assert.equal(octets?.content.buffer, input.buffer);
    assert.equal(octets?.offset, 107);
    assert.deepEqual([...(octets?.content ?? [])], [1, 2, 3]);
    assert.deepEqual(Buffer.from(node.der), Buffer.from(input));
  });

  it('does not look into what an OCTET STRING holds', () => {
    assert.deepEqual([...readDer(octetString(bytes(0x30, 0x80))).content], [0x30, 0x80]);
    refuses(bytes(0x30, 0x80), 'an indefinite length');
  });

  it('reads lengths of one to four octets', () => {
    for (const length of [0, 127, 128, 255, 256, 65_535, 65_536, 100_000]) assert.equal(readDer(octetString(new Uint8Array(length))).content.length, length);
  });

  it('refuses a request cut off at any of its octets', () => {
    const whole = sequence(unsignedInteger(bytes(1)), setOf(objectIdentifier('1.2.3'), nullValue()), octetString(new Uint8Array(200)));
    for (let length = 0; length < whole.length; length += 1) assert.throws(() => readDer(whole.subarray(0, length)), DerError, `${length} of ${whole.length} octets`);
    readDer(whole);
  });

  it('reads 32 levels and refuses the 33rd', () => {
    const nested = (levels: number): Uint8Array => (levels === 0 ? nullValue() : sequence(nested(levels - 1)));
    readDer(nested(32));
    refuses(nested(33), 'nested more than 32 deep');
  });

  it('reads 4096 elements and refuses one more', () => {
    readDer(sequence(...Array<Uint8Array>(4095).fill(nullValue())));
    refuses(sequence(...Array<Uint8Array>(4096).fill(nullValue())), 'more than 4096 elements');
  });

  it('says at which octet it stopped', () => {
    assert.throws(() => readDer(sequence(nullValue(), bytes(0x01, 0x01, 0x02))), (error) => error instanceof DerError && error.offset === 4 && error.message.startsWith('byte 4: found a BOOLEAN'));
  });

  it('does not judge the content of context-specific elements', () => {
    readDer(element(0x81, bytes(0xff, 0x00)));
    refuses(element(0x16, bytes(0xff, 0x00)), 'an IA5String');
  });
});

describe('values of DER elements', () => {
  it('object identifiers come out as they went in', () => {
    for (const oid of ['0.9', '1.39.1', '2.5.29.17', '2.999.3', '1.2.840.113549.1.9.14', '2.16.840.1.113730.4.1']) assert.equal(oidValue(readDer(objectIdentifier(oid))), oid);
  });

  it('named bits come out as they went in', () => {
    for (const bits of [[], [0], [0, 2], [5, 6], [0, 1, 2, 3, 4, 5, 6, 7, 8]]) assert.deepEqual(bitNumbers(readDer(namedBits(bits))), bits);
    assert.deepEqual(bitNumbers(readDer(bitString(bytes(0x80, 0x00)))), [0], 'trailing zero bits say nothing');
  });

  it('small integers stop at 31 bits and at zero', () => {
    assert.equal(smallInteger(readDer(bytes(0x02, 0x04, 0x7f, 0xff, 0xff, 0xff)), 'it'), 2 ** 31 - 1);
    assert.throws(() => smallInteger(readDer(bytes(0x02, 0x05, 0x00, 0x80, 0x00, 0x00, 0x00)), 'it'), DerError);
    assert.throws(() => smallInteger(readDer(bytes(0x02, 0x01, 0x80)), 'it'), DerError);
  });

  it('magnitudes lose their sign octet and nothing else', () => {
    for (const magnitude of [[0], [1], [0x7f], [0x80], [0x80, 0]]) assert.deepEqual([...unsignedMagnitude(readDer(unsignedInteger(Uint8Array.from(magnitude))), 'it')], magnitude);
    assert.throws(() => unsignedMagnitude(readDer(bytes(0x02, 0x01, 0xff)), 'it'), DerError);
  });

  it('booleans are one of two', () => {
    assert.equal(booleanValue(readDer(boolean(true))), true);
    assert.equal(booleanValue(readDer(boolean(false))), false);
  });

  it('texts of every string type that has one are decoded', () => {
    const texts: [number, Uint8Array, string | null][] = [
      [0x0c, Buffer.from('f\u00f6\u{1f512}'), 'f\u00f6\u{1f512}'],
      [0x12, Buffer.from('12 3'), '12 3'],
      [0x13, Buffer.from("A-Z a+b=c?'(),./:"), "A-Z a+b=c?'(),./:"],
      [0x16, Buffer.from('a@b*c'), 'a@b*c'],
      [0x1a, Buffer.from('~ !'), '~ !'],
      [0x1e, bytes(0x00, 0x66, 0x20, 0xac), 'f\u20ac'],
      [0x14, bytes(0xff), null],
    ];
    for (const [identifier, content, text] of texts) assert.equal(textValue(readDer(element(identifier, content))), text, `string type ${identifier}`);
  });

  it('times keep their second, in this century and the last', () => {
    for (const iso of ['1950-01-01T00:00:00.000Z', '1999-12-31T23:59:59.000Z', '2000-02-29T00:00:00.000Z', '2049-12-31T23:59:59.000Z', '2050-01-01T00:00:00.000Z', '9999-12-31T23:59:59.000Z']) {
      const node = readDer(time(new Date(iso)));
      assert.equal(timeValue(node, 'it', node).toISOString(), iso);
    }
  });

  it('times that no calendar has are refused beside those it has', () => {
    const read = (digits: string): void => void readDer(element(0x17, Buffer.from(`${digits}Z`)));
    const pairs = [['260230000000', '260228000000'], ['260101240000', '260101230000'], ['260101006000', '260101005900'], ['260101000060', '260101000059'], ['261301000000', '261201000000'], ['260001000000', '260101000000'], ['250229000000', '240229000000']] as const;
    for (const [bad, good] of pairs) {
      assert.throws(() => read(bad), DerError, bad);
      read(good);
    }
  });
});

function refuses(der: Uint8Array, found: string): void {
  assert.throws(() => readDer(der), (error) => error instanceof DerError && error.found.includes(found));
}
