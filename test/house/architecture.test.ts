import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { breaches } from './architecture.ts';
import { parseSource, readSources } from './sources.ts';

test('the sources keep their shape: import directions, a pure core, short files', () => {
  const sources = readSources(join(import.meta.dirname, '../..'));
  assert.ok(sources.length > 0);
  assert.deepEqual(breaches(sources), []);
});

/** Each with a twin that differs in one thing and is allowed. */
const CASES: readonly { what: string; path: string; bad: string; good: string }[] = [
  { what: 'core imports an adapter', path: 'core/x.ts', bad: "import { a } from '../adapters/a.ts';", good: "import { a } from '../core/a.ts';" },
  { what: 'core imports a loop', path: 'core/x.ts', bad: "import type { A } from '../control/ports.ts';", good: "import type { A } from './a.ts';" },
  { what: 'a loop imports an adapter by a dynamic import', path: 'control/x.ts', bad: "const a = await import('../adapters/a.ts');", good: "const a = await import('../core/a.ts');" },
  { what: 'an adapter imports a loop', path: 'adapters/x.ts', bad: "export { a } from '../control/queue.ts';", good: "export { a } from '../control/errors.ts';" },
  { what: 'the product imports the sandbox', path: 'app.ts', bad: "import { a } from './sandbox/a.ts';", good: "import { a } from './adapters/a.ts';" },
  { what: 'another command than demo imports the sandbox', path: 'cli/run.ts', bad: "import { a } from '../sandbox/a.ts';", good: "import { a } from '../app.ts';" },
  { what: 'the sandbox imports the product', path: 'sandbox/x.ts', bad: "import { a } from '../adapters/a.ts';", good: "import { a } from '../core/a.ts';" },
  { what: 'client-node outside its folder', path: 'adapters/http/x.ts', bad: "import type { A } from '@kubernetes/client-node';", good: "import type { A } from 'node:http';" },
  { what: 'prom-client outside metrics.ts', path: 'adapters/http/x.ts', bad: "import { Registry } from 'prom-client';", good: "import { Registry } from '../metrics.ts';" },
  { what: 'a computed import', path: 'cli/x.ts', bad: 'await import(`./${name}.ts`);', good: "await import('./name.ts');" },
  { what: 'core makes a key', path: 'core/x.ts', bad: "import { generateKeyPairSync } from 'node:crypto';", good: "import { verify } from 'node:crypto';" },
  { what: 'core makes a key under another name', path: 'core/x.ts', bad: "import { sign as verify } from 'node:crypto';", good: "import { verify as sign } from 'node:crypto';" },
  { what: 'core takes all of node:crypto', path: 'core/x.ts', bad: "import * as crypto from 'node:crypto';", good: "import type { KeyObject } from 'node:crypto';" },
  { what: 'core reads a file', path: 'core/x.ts', bad: "import { readFileSync } from 'node:fs';", good: "import { parse } from 'yaml';" },
  { what: 'core reads the clock', path: 'core/x.ts', bad: 'export const t = Date.now();', good: 'export const t = (now: Date) => now.getTime();' },
  { what: 'core makes the present', path: 'core/x.ts', bad: 'export const t = new Date();', good: 'export const t = new Date(0);' },
  { what: 'core throws dice', path: 'core/x.ts', bad: 'export const r = Math.random();', good: 'export const r = Math.max(1, 2);' },
  { what: 'core asks the environment', path: 'core/x.ts', bad: 'export const home = process.env.HOME;', good: 'export const home = (world: { process: { env: string } }) => world.process.env;' },
  { what: 'a file of 301 lines', path: 'core/x.ts', bad: '\n'.repeat(301), good: '\n'.repeat(300) },
];

for (const { what, path, bad, good } of CASES) {
  test(`${what}: found, and its allowed twin is not`, () => {
    const found = breaches([parseSource(path, bad)]);
    assert.equal(found.length, 1, found.join('\n'));
    assert.ok(found[0]?.startsWith(`src/${path}: `));
    assert.deepEqual(breaches([parseSource(path, good)]), []);
  });
}

test('a file named after no concept is found', () => {
  for (const path of ['core/util.ts', 'adapters/http-helpers.ts', 'core/common/x.ts', 'control/manager.ts']) assert.equal(breaches([parseSource(path, '')]).length, 1, path);
  for (const path of ['core/utility-rate.ts', 'core/commonname.ts']) assert.deepEqual(breaches([parseSource(path, '')]), []);
});
