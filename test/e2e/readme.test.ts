// Runs what README.md and docs/ tell a reader to type, in order and in one shell, and compares what is printed with what they show. Then
// compares their tables with the program: every key of the configuration, every metric, every reason, every test they point to.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { z } from 'zod';
import { createMetrics } from '../../src/adapters/metrics.ts';
import { configSchema } from '../../src/config/schema.ts';
import { setStage, type Stage } from '../support/example/stage.ts';
import { perform, type Played } from '../support/example/walk.ts';
import { blocks, steps, type Step } from '../support/markdown.ts';
import { caSecret } from '../support/ca-secret.ts';
import { validNow } from '../support/clock.ts';
import { testRoot } from '../support/authority.ts';
import { until } from '../support/rig/until.ts';

const ROOT = join(import.meta.dirname, '../..');
/** In the order in which they are followed: the last changes a CA. */
const WALKED = ['README.md', 'docs/configuration.md', 'docs/operations.md'];
const DOCUMENTS = ['README.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`), 'examples/istio-multi-tenant/README.md', 'manifests/README.md'];

/** The commands that do not run as they stand, and what happens instead. Everything else does, kubectl being the real one. */
const PLAYED: readonly Played<Stage>[] = [
  {
    command: /^npm ci && npm run demo$/,
    instead: 'the demo alone, as the packages are there; the README shows the middle of what it prints',
    play: async ({ shell }) => {
      const { code, output } = await shell.run('npm run --silent demo');
      assert.equal(code, 0, output);
      return output.slice(output.indexOf('REQUESTER'), output.indexOf('\nPublished for istiod'));
    },
  },
  { command: /^npm run build$/, instead: 'the program is built already', play: async () => '' },
  { command: /^npm run bench -- --quick$/, instead: 'nothing: test/bench/bench.test.ts runs it in small', play: async () => '' },
  { command: /^npm (ci && npm test|run check|run test:fast)$/, instead: 'nothing: this test is part of it', play: async () => '' },
  {
    command: /^kubectl wait -n signet-system --for=delete pod -l app\.kubernetes\.io\/name=signet --timeout=60s$/,
    instead: "waits for the end of Signet's process, as there are no pods",
    play: async ({ cluster }) => {
      await until(() => cluster.signet() === undefined, { what: 'Signet to end' });
      return 'pod/signet-6c9f7b5d8-x2v4k condition met\n';
    },
  },
];

describe('what README.md and docs/ tell a reader to type', () => {
  let stage: Stage;
  let failed: string | undefined;
  before(async () => {
    stage = await setStage({ copies: ['examples', 'manifests'], links: ['src', 'node_modules', 'package.json', 'tsconfig.json'], folder: '.' });
    await stage.controlPlane.namespaces('cert-manager', 'istio-system', 'foo', 'bar');
    await stage.controlPlane.api.apply(...[['foo', 'foo'], ['bar', 'bar'], ['istio', 'istio-system']].map(([name = '', tenant = '']) => caSecret(`${name}-ca-selfsigned`, testRoot({ name: tenant, ...validNow() }))));
    const { code, output } = await stage.shell.run('kubectl apply -k examples/istio-multi-tenant && kubectl rollout status -n signet-system deployment/signet --timeout=60s');
    assert.equal(code, 0, output);
  });
  after(async () => stage?.[Symbol.asyncDispose]());

  for (const document of WALKED) {
    for (const step of stepsOf(document)) {
      it(`${document}, line ${step.line}: ${step.commands.split('\n').join('; ')}`, async (context) => {
        if (failed !== undefined) return context.skip(`the commands of ${failed} failed`);
        failed = `${document}, line ${step.line},`;
        await perform(step, stage, PLAYED);
        failed = undefined;
      });
    }
  }
});

test('every command that is played is in one of the documents', () => {
  const lines = WALKED.flatMap(stepsOf).flatMap(({ commands }) => commands.split('\n'));
  for (const { command } of PLAYED) assert.ok(lines.some((line) => command.test(line)), `no line is ${command}`);
});

test('every configuration that is shown whole is checked by a command below it', () => {
  for (const document of WALKED) {
    const names = blocks(read(document)).filter(({ language }) => language === 'yaml').map(({ text }) => text.split('\n')[0]?.replace(/^# /, ''));
    for (const name of names) assert.ok(stepsOf(document).some(({ files, commands }) => files.some((file) => file.name === name) && commands.includes(`signet check -c ${name}`)), `${document}: ${name}`);
  }
});

test('docs/configuration.md has every key of the schema with its default, and no other', () => {
  const rows = table('docs/configuration.md', 'key').map(([key = '', standard = '']) => [unquoted(key), standard] as const);
  const keys = schemaKeys(z.toJSONSchema(configSchema, { io: 'input' }));
  assert.deepEqual(rows.map(([key]) => key), keys.map(({ path }) => path));
  for (const { path, required, standard } of keys) {
    const told = rows.find(([key]) => key === path)?.[1] ?? '';
    assert.equal(told === 'required', required, path);
    if (typeof standard === 'string' || typeof standard === 'boolean') assert.equal(told, `\`${standard}\``, path);
  }
});

test('docs/operations.md has every metric of Signet with its labels, and no other', async () => {
  const { meter, page, eventDropped } = createMetrics({ signers: ['a'], version: '1' });
  eventDropped();
  meter.bug('a');
  meter.bundle('a', 'b');
  const { body } = await page(undefined);
  const names = [...body.matchAll(/^# TYPE (signet_\w+)/gm)].map(([, name = '']) => name);
  // Those of the process are described beside Signet's own where they need a word.
  const rows = table('docs/operations.md', 'metric').map(([metric = '']) => unquoted(metric)).filter((metric) => metric.startsWith('signet_'));
  assert.deepEqual(rows.map((metric) => metric.replace(/\{.*/, '')).sort(), [...names].sort());
  const told = read('docs/operations.md').matchAll(/signet_[a-z_]+/g);
  for (const [name] of told) assert.ok(names.includes(name), name);
});

test('docs/operations.md has every reason, and no other', () => {
  const source = readFileSync(join(ROOT, 'src/core/reason.ts'), 'utf8');
  const reasons = [...source.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, reason = '']) => reason);
  assert.ok(reasons.length > 3);
  assert.deepEqual(table('docs/operations.md', 'reason').flatMap(([reason = '']) => reason.split(', ').map(unquoted)).sort(), reasons.sort());
});

test('every test that the README names is there, and says what is quoted', () => {
  const promises = table('README.md', 'promise');
  assert.ok(promises.length > 5);
  for (const [promise = '', shown = ''] of promises) {
    const files = [...shown.matchAll(/`(test\/[\w./-]+)`/g)].map(([, path = '']) => path);
    const sources = files.map((path) => readFileSync(join(ROOT, path), 'utf8')).join('\n');
    assert.ok(files.length > 0 || shown.includes('tests'), promise);
    for (const [, title = ''] of shown.matchAll(/"([^"]+)"/g)) assert.ok(sources.includes(title), title);
  }
});

test('every link between the documents leads somewhere', () => {
  let links = 0;
  for (const document of DOCUMENTS) {
    for (const [, target = ''] of read(document).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? document : join(dirname(document), path);
      assert.ok(existsSync(join(ROOT, file)), `${document}: ${target}`);
      if (anchor !== undefined) assert.ok(anchors(file).includes(anchor), `${document}: ${target}`);
      links += 1;
    }
  }
  assert.ok(links > 20);
});

function read(document: string): string {
  return readFileSync(join(ROOT, document), 'utf8');
}

function stepsOf(document: string): Step[] {
  return steps(read(document));
}

/** The rows below the heading of the table whose first column is called so: cells as they are written. */
function table(document: string, first: string): string[][] {
  const lines = read(document).split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${first} |`));
  assert.ok(start >= 0, `${document} has no table of ${first}`);
  const end = lines.findIndex((line, i) => i > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) => line.slice(1, -1).split('|').map((cell) => cell.trim()));
}

function unquoted(cell: string): string {
  return cell.replaceAll('`', '');
}

/** As GitHub makes them of headings. */
function anchors(document: string): string[] {
  return [...read(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'));
}

type SchemaKey = { readonly path: string; readonly required: boolean; readonly standard: unknown };
type Schema = { readonly type?: unknown; readonly anyOf?: readonly unknown[]; readonly items?: unknown; readonly properties?: Readonly<Record<string, unknown>>; readonly required?: readonly string[]; readonly default?: unknown };

/** Every key of the configuration in the order of the schema, `[]` after those that are lists of mappings. */
function schemaKeys(schema: Schema, path = ''): SchemaKey[] {
  if (schema.anyOf !== undefined) return schemaKeys(schema.anyOf[0] as Schema, path);
  if (schema.type === 'array') return schemaKeys(schema.items as Schema, `${path}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const inner = value as Schema;
    const own = path === '' ? key : `${path}.${key}`;
    return [{ path: own, required: schema.required?.includes(key) === true, standard: inner.default }, ...schemaKeys(inner, own)];
  });
}
