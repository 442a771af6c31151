// Runs the test suites one after the other, the fast ones first, and ends with a table and one closing line:
//   npm test                 everything, the real counterparts too (built once, then cached)
//   npm run test:fast        what needs nothing but Node
//   node --import tsx test/run.ts unit e2e      only these suites
// An empty suite fails; with CI=true a skipped test fails too, as it means that a counterpart is missing.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { SUITES, type Suite } from './suites.ts';

type Result = { suite: Suite; passed: number; failed: number; skipped: number; seconds: number; trouble: string | null };

const ROOT = join(import.meta.dirname, '..');

const { values, positionals } = parseArgs({ options: { fast: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } }, allowPositionals: true });
if (values.help) {
  console.log(`usage: test/run.ts [--fast] [suite…]\nsuites: ${SUITES.map(({ name }) => name).join(', ')}`);
  process.exit(0);
}
const unknown = positionals.filter((name) => !SUITES.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`test: there is no suite ${unknown.join(', ')}; there are ${SUITES.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
const chosen = SUITES.filter(({ name, fast }) => (positionals.length > 0 ? positionals.includes(name) : fast || !values.fast));

const results: Result[] = [];
for (const suite of chosen.filter(({ fast }) => fast)) results.push(await runSuite(suite));
const real = chosen.filter(({ fast }) => !fast);
// Built before the first suite that needs them, so that the progress of half an hour is seen and not swallowed by a reporter.
const built = real.length === 0 || (await node(['--import', 'tsx', 'test/controlplane/build.ts'])) === 0;
for (const suite of real) results.push(built ? await runSuite(suite) : missing(suite));
report(results);
process.exitCode = results.every(isGood) ? 0 : 1;

async function runSuite(suite: Suite): Promise<Result> {
  const files = await filesOf(suite);
  console.log(`\n== ${suite.name}: ${suite.about} (${files.length} files)`);
  const started = performance.now();
  const scratch = await mkdtemp(join(tmpdir(), 'signet-tap-'));
  const tap = join(scratch, 'results.tap');
  try {
    const code = files.length === 0 ? 1 : await node(['--import', 'tsx', '--test', `--test-concurrency=${suite.alone ? 1 : availableParallelism() + (suite.waits === true ? 1 : 0)}`, '--test-reporter=spec', '--test-reporter-destination=stdout', '--test-reporter=tap', `--test-reporter-destination=${tap}`, ...files]);
    const counts = await readCounts(tap);
    const trouble = files.length === 0 ? 'no test files' : counts.passed === 0 ? 'no test ran' : code !== 0 && counts.failed === 0 ? `the runner ended with ${code}` : null;
    return { suite, ...counts, seconds: (performance.now() - started) / 1000, trouble };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A suite whose counterparts cannot be had on this machine: skipped for a newcomer, a failure in CI. */
function missing(suite: Suite): Result {
  console.log(`\n== ${suite.name}: skipped, as ${suite.counterpart} could not be had (see above)`);
  return { suite, passed: 0, failed: 0, skipped: 1, seconds: 0, trouble: process.env['CI'] === 'true' ? 'counterparts missing' : null };
}

async function filesOf({ folder, only, not }: Suite): Promise<string[]> {
  const entries = await readdir(join(ROOT, 'test', folder), { recursive: true }).catch(() => [] as string[]);
  return entries
    .filter((name) => name.endsWith('.test.ts') && (only === undefined || only.test(name)) && (not === undefined || !not.test(name)))
    .sort()
    .map((name) => relative(ROOT, join(ROOT, 'test', folder, name)));
}

function node(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal));
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Reads the closing lines of node:test's TAP: `# pass 12`. */
async function readCounts(tap: string): Promise<{ passed: number; failed: number; skipped: number }> {
  const text = await readFile(tap, 'utf8').catch(() => '');
  const count = (word: string): number => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return { passed: count('pass'), failed: count('fail') + count('cancelled'), skipped: count('skipped') + count('todo') };
}

function isGood({ failed, skipped, trouble }: Result): boolean {
  return failed === 0 && trouble === null && (skipped === 0 || process.env['CI'] !== 'true');
}

function report(all: readonly Result[]): void {
  const rows = all.map(({ suite, passed, failed, skipped, seconds, trouble }) => [suite.name, suite.counterpart, String(passed), String(failed), String(skipped), seconds.toFixed(1), trouble ?? '']);
  const table = [['suite', 'counterpart', 'passed', 'failed', 'skipped', 'seconds', ''], ...rows];
  const widths = table[0]?.map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0))) ?? [];
  console.log(`\n${table.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd()).join('\n')}`);
  const sum = (pick: (result: Result) => number): number => all.reduce((total, each) => total + pick(each), 0);
  console.log(`\nNode ${process.version}\n${sum(({ passed }) => passed)} passed, ${sum((each) => each.failed + (each.trouble === null ? 0 : 1))} failed, ${sum(({ skipped }) => skipped)} skipped`);
}
