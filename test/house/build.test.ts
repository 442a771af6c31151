import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { buildProgram } from './build.ts';
import { readSources } from './sources.ts';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

let folder = '';
let program = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet build ')); // With a space, as some home folders have.
  const built = await buildProgram({ out: join(folder, 'dist'), commit: '0123456789abcdef0123456789abcdef01234567' });
  // Alone in its folder: nothing of node_modules can be found from there.
  program = join(folder, 'signet.cjs');
  await copyFile(built, program);
});
after(() => rm(folder, { recursive: true, force: true }));

test('the program is one executable file that needs nothing beside it', async () => {
  assert.equal((await stat(join(folder, 'dist/signet.cjs'))).mode & 0o111, 0o111);
  const { stdout } = await run(program, ['version', '-o', 'json'], { cwd: folder, env: { PATH: process.env['PATH'] } });
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  assert.deepEqual(JSON.parse(stdout), { version, commit: '0123456789abcdef0123456789abcdef01234567', node: process.version });
});

test('the program is ASCII: with one letter that is not V8 takes a fifth longer to read and compile it', async () => {
  assert.equal(/[^\x00-\x7f].{0,40}/.exec(await readFile(program, 'latin1'))?.[0], undefined);
});

test('its offline commands work from the one file', async () => {
  const child = run(program, ['check', '-c', '-'], { cwd: folder });
  child.child.stdin?.end('signers: [{ name: example.test/foo, ca: { secret: a/b }, allow: { namespaces: foo } }]');
  assert.match((await child).stdout, /^example\.test\/foo +a\/b/m);
  assert.match((await run(program, ['check', '--schema'], { cwd: folder })).stdout, /2020-12/);
});

test('a command that needs a cluster finds its client in the one file', async () => {
  // No cluster is there, and the program says so: by then the Kubernetes client has been loaded and has read the kubeconfig.
  const config = 'signers: [{ name: example.test/foo, ca: { secret: a/b }, allow: { namespaces: foo } }]';
  // Nothing deprecated is loaded for it: node-fetch's punycode is a warning on stderr at each start on Node 24.
  const child = run(process.execPath, ['--pending-deprecation', '--throw-deprecation', program, 'signers', '-c', '-', '--kubeconfig', join(ROOT, 'package.json')], { cwd: folder });
  child.child.stdin?.end(config);
  await assert.rejects(child, (error: { code: number; stderr: string }) => {
    assert.equal(error.code, 2);
    assert.match(error.stderr, /^signet: .*package\.json/);
    return true;
  });
});

test('of the Kubernetes client the sources use the kubeconfig alone, which is what the program has of it', () => {
  const used = readSources(ROOT).flatMap(({ path, tree }) => [...tree.getText().matchAll(/^import type \{([^}]*)\} from '@kubernetes\/client-node'|\{([^}]*)\}[^;]*import\('@kubernetes\/client-node'\)/gm)].map(([, types, values]) => [path, (types ?? values ?? '').trim()]));
  assert.ok(used.length > 1);
  assert.deepEqual(used.filter(([, names = '']) => !/^KubeConfig\b/.test(names)), []);
});

test('the licences of what is in it and the map to the sources are beside it, not in it', async () => {
  const text = await readFile(program, 'utf8');
  assert.doesNotMatch(text, /sourceMappingURL/);
  assert.ok((await stat(join(folder, 'dist/signet.cjs.map'))).size > 0);
  assert.ok((await stat(join(folder, 'dist/signet.cjs.LEGAL.txt'))).size > 0);
});
