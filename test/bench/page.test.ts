// What README.md and docs/benchmarks.md say of a run is what docs/benchmarks.json holds, which `npm run bench -- --json docs/benchmarks.json` wrote.
// After a new run: UPDATE_DOCS=1 node --import tsx --test test/bench/page.test.ts
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { between, summaryTable } from './page.ts';
import { plot } from './plot.ts';
import { asMarkdown } from './report.ts';
import type { Results } from './results.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

describe('the benchmark that is told', async () => {
  const results = JSON.parse(await read('docs/benchmarks.json')) as Results;

  it('is a whole run, undisturbed or with what disturbed it said', () => {
    assert.equal(results.quick, false);
    assert.deepEqual(results.missing, []);
    assert.deepEqual(results.scenarios.map(({ id }) => id), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    for (const { stolen } of results.scenarios) assert.ok(stolen.length > 0);
  });

  it('is the table of the README', async () => {
    const text = await read('README.md');
    await same('README.md', text, between(text, 'benchmark', summaryTable(results)));
  });

  it('is the tables of docs/benchmarks.md', async () => {
    const text = await read('docs/benchmarks.md');
    await same('docs/benchmarks.md', text, between(text, 'results', asMarkdown(results)));
  });

  it('is the plot', async () => {
    await same('docs/benchmarks.svg', await read('docs/benchmarks.svg').catch(() => ''), plot(results));
  });
});

it('a document without the marks is refused, as nothing would be compared', () => {
  assert.throws(() => between('# Page\n', 'results', 'text'), /no place marked <!-- results: begin -->/);
});

async function same(path: string, found: string, wanted: string): Promise<void> {
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(join(ROOT, path), wanted);
  else assert.equal(found, wanted, `${path}: make it anew with UPDATE_DOCS=1 node --import tsx --test test/bench/page.test.ts`);
}
