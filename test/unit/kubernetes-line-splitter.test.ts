import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineSplitter } from '../../src/adapters/kubernetes/line-splitter.ts';

test('lines are the same wherever the chunks are cut, between the bytes of one character too', () => {
  const bytes = Buffer.from('{"a":"ä"}\n\n{"b":"漢"}\nhalf');
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second++) {
      assert.deepEqual(linesOf([bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]), ['{"a":"ä"}', '{"b":"漢"}']);
    }
  }
});

test('a line of the greatest length is read, and one of a byte more is dropped with its first bytes and its length told', () => {
  assert.deepEqual(linesOf([Buffer.from(`${'x'.repeat(1_000)}\nnext\n`)], 1_000), ['x'.repeat(1_000), 'next']);
  assert.deepEqual(linesOf([Buffer.from(`${'x'.repeat(1_001)}\nnext\n`)], 1_000), [`oversized 1001 ${'x'.repeat(512)}`, 'next']);
});

test('an oversized line that comes in many chunks is told once, at its end', () => {
  const chunks = Array.from({ length: 200 }, () => Buffer.alloc(1_000, 'x'));
  assert.deepEqual(linesOf(chunks), []);
  assert.deepEqual(linesOf([...chunks, Buffer.from('\nnext\n')]), [`oversized 200000 ${'x'.repeat(512)}`, 'next']);
});

function linesOf(chunks: Buffer[], maxBytes = 10_000): string[] {
  const lines: string[] = [];
  const split = lineSplitter({ maxBytes, onLine: (line) => lines.push(line), onOversized: (head, bytes) => lines.push(`oversized ${bytes} ${head}`) });
  for (const chunk of chunks) split(chunk);
  return lines;
}
