// What README.md and docs/benchmarks.md say of a run is what docs/benchmarks.json holds: npm run bench -- --quick --json docs/benchmarks.json
// After a new run: UPDATE_DOCS=1 node --import tsx --test test/bench/page.test.ts
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { assertTold, inPlace } from '../support/told.ts';
import { summaryTable } from './page.ts';
import { plot } from './plot.ts';
import { asMarkdown } from './report.ts';
import type { Results } from './results.ts';
import { targets } from './targets.ts';

const FILE = 'test/bench/page.test.ts';
const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

describe('the benchmark that is told', async () => {
  const results = JSON.parse(await read('docs/benchmarks.json')) as Results;

  it('has everybody, and says what part of the cores others had', () => {
    assert.deepEqual(results.missing, []);
    for (const name of ['signet', 'cert-manager', 'ceiling']) assert.ok(results.contenders.some((each) => each.name === name), `without ${name}`);
    for (const id of ['a', 'b', 'd', 'g', 'h']) assert.ok((results.scenarios.find((each) => each.id === id)?.stolen.length ?? 0) > 0, `without (${id})`);
  });

  it('is the table of the README', async () => {
    await assertTold('README.md', FILE, (text) => inPlace(text, 'benchmark', summaryTable(results)));
  });

  it('is the tables of docs/benchmarks.md', async () => {
    await assertTold('docs/benchmarks.md', FILE, (text) => inPlace(text, 'results', asMarkdown(results)));
  });

  it('is the plot', async () => {
    await assertTold('docs/benchmarks.svg', FILE, () => plot(results));
  });

  it('holds what the targets are measured by, and docs/benchmarks.md says of each whether it was met', async () => {
    const text = await read('docs/benchmarks.md');
    const told = targets(results).filter(({ met }) => met !== null);
    assert.ok(told.length > 9);
    for (const { about, met } of told) assert.ok(text.split('\n').some((line) => line.startsWith(`| ${about} |`) && line.endsWith(met === true ? '| met |' : '| missed |')), about);
  });
});

it('a document without the marks is refused, as nothing would be compared', () => {
  assert.throws(() => inPlace('# Page\n', 'results', 'text'), /no place marked <!-- results: begin -->/);
});
