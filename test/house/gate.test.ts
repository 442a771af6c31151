import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const COPIED = ['package.json', 'tsconfig.json', 'test/house/eslint.config.js', 'test/house/architecture.ts', 'test/house/architecture.test.ts', 'test/house/sources.ts'];

/** A tree as small as can be, with a file in two layers. */
const CLEAN = {
  'src/core/answer.ts': "export function answer(): number {\n  return 42;\n}\n",
  'src/adapters/speaker.ts': "import { answer } from '../core/answer.ts';\n\nexport async function speak(): Promise<void> {\n  await Promise.resolve(answer());\n}\n",
};

let tree = '';
/** The parts of `npm run check`, as package.json has them: types, lint, house. */
let parts: string[] = [];

before(() => {
  tree = mkdtempSync(join(tmpdir(), 'signet-gate-'));
  for (const path of COPIED) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    cpSync(join(ROOT, path), join(tree, path));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  for (const [path, text] of Object.entries(CLEAN)) plant(path, text);
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { lint: string; check: string } };
  parts = scripts.check.replace('npm run lint', scripts.lint).split(' && ');
});
after(() => rmSync(tree, { recursive: true, force: true }));

test('the gate has three parts, and a clean tree passes them all', () => {
  assert.deepEqual(parts.map((part) => part.split(' ')[0]), ['tsc', 'eslint', 'node']);
  for (const part of parts) {
    const { status, output } = check(part);
    assert.equal(status, 0, `${part}\n${output}`);
  }
});

test('a type error, a floating promise and a bad import each fail it, and what is wrong is named', () => {
  const cases: { part: string; path: string; text: string; told: RegExp }[] = [
    { part: 'tsc', path: 'src/core/answer.ts', text: CLEAN['src/core/answer.ts'].replace('42', "'42'"), told: /src\/core\/answer\.ts.*TS2322/ },
    { part: 'eslint', path: 'src/adapters/speaker.ts', text: CLEAN['src/adapters/speaker.ts'].replace('await ', ''), told: /no-floating-promises/ },
    { part: 'node', path: 'src/core/answer.ts', text: `import { speak } from '../adapters/speaker.ts';\n\nexport const answer = (): number => speak.length;\n`, told: /src\/core\/answer\.ts: imports adapters\/speaker\.ts/ },
  ];
  for (const { part, path, text, told } of cases) {
    plant(path, text);
    // Only src, which was planted in: the copied tests have just been found clean.
    const { status, output } = check((parts.find((each) => each.startsWith(part)) ?? part).replace(' src test', ' src'));
    plant(path, CLEAN[path as keyof typeof CLEAN]);
    assert.notEqual(status, 0, `${part} let it pass`);
    assert.match(output, told);
  }
});

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}

function check(part: string): { status: number | null; output: string } {
  // A test run inside a test run would otherwise report to its parent and end with 0.
  const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`, NODE_TEST_CONTEXT: undefined };
  const { status, stdout, stderr } = spawnSync('sh', ['-c', part], { cwd: tree, encoding: 'utf8', env });
  return { status, output: stdout + stderr };
}
