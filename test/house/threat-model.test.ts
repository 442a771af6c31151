import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const POINTER = /`(test\/[\w./-]+)`: ((?:"[^"]+"(?:, )?)+)/g;

test('every row of the threat model points to a test that shows it, by a file that is there and titles that are in it', () => {
  const rows = actors(readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8'));
  assert.ok(rows.length >= 14, `only ${rows.length} rows`);
  for (const { actor, shown } of rows) {
    const pointers = [...shown.matchAll(POINTER)].flatMap(([, file = '', titles = '']) => [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ file, title })));
    assert.ok(pointers.length > 0, `${actor}: no pointer in ${shown}`);
    assert.equal(shown.replace(POINTER, '').replace(/[; ]/g, ''), '', `${actor}: more than pointers`);
    for (const { file, title } of pointers) assert.ok(hasTitle(readFileSync(join(ROOT, file), 'utf8'), title), `${actor}: ${file} has no "${title}"`);
  }
});

test('a title that is not there is missed, and one that is written with other quotes is not', () => {
  assert.equal(hasTitle("it('what is\\'nt there', () => {", "what is'nt here"), false);
  assert.equal(hasTitle("it('what is\\'nt there', () => {", "what is'nt there"), true);
});

/** The rows below the heading of the one table, with their last cell. */
function actors(markdown: string): { actor: string; shown: string }[] {
  const lines = markdown.split('\n').filter((line) => line.startsWith('| ')).slice(2);
  return lines.map((line) => line.slice(2, -2).split(' | ')).map((cells) => ({ actor: cells[0] ?? '', shown: cells[4] ?? '' }));
}

/** Whether a string of the source is this title, or begins with it. */
function hasTitle(source: string, title: string): boolean {
  const text = source.replaceAll("\\'", "'");
  return ["'", '"', '`'].some((quote) => text.includes(`${quote}${title}`));
}
