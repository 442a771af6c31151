import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/**
 * That a document (a path below the repository's top) is what a test saw: `wanted` makes it of what it is now, '' where there is none. With UPDATE_DOCS=1 it is
 * written so instead. `by` is the file of the test, for the message.
 */
export async function assertTold(path: string, by: string, wanted: (now: string) => string): Promise<void> {
  const now = await readFile(join(ROOT, path), 'utf8').catch(() => '');
  const text = wanted(now);
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(join(ROOT, path), text);
  else assert.equal(now, text, `${path}: make it anew with UPDATE_DOCS=1 node --import tsx --test ${by}`);
}

/** A document with another text in the place of this name, between two marks. Throws where one is missing, as nothing would be compared. */
export function inPlace(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no place marked ${begin} … ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${document.slice(to)}`;
}
