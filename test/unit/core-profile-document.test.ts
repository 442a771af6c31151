import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { profileLines } from '../support/profile-line.ts';

const UNIT_TESTS = new URL('./', import.meta.url);

describe('docs/certificate-profile.md', () => {
  const lines = profileLines();
  const quoted = quotations();

  it('numbers its lines from P1 on without a gap', () => {
    assert.ok(lines.size > 0);
    assert.deepEqual([...lines.keys()], Array.from({ length: lines.size }, (_, i) => `P${i + 1}`));
  });

  it('makes a promise in each of them', () => {
    for (const [number, text] of lines) assert.match(text, /\bMUST\b/, number);
  });

  it('is quoted by a test in each of its lines', () => {
    assert.deepEqual([...lines.keys()].filter((number) => !quoted.has(number)), []);
  });

  it('says what the tests quote', () => {
    for (const [number, texts] of quoted) for (const text of texts) assert.equal(text, lines.get(number), number);
  });
});

/** What the unit tests quote: number to texts. */
function quotations(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of readdirSync(UNIT_TESTS).filter((name) => name.endsWith('.test.ts'))) {
    const source = readFileSync(new URL(file, UNIT_TESTS), 'utf8');
    for (const [, number = '', text = ''] of source.matchAll(/\bprofile\('(P\d+)', '((?:[^'\\]|\\.)*)'\)/g)) {
      found.set(number, [...(found.get(number) ?? []), text.replaceAll('\\', '')]);
    }
  }
  return found;
}
