import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');

/** Where everybody finds these things; another host is somebody's own. */
const PUBLIC_HOSTS = ['registry.npmjs.org', 'proxy.golang.org', 'sum.golang.org', 'pypi.org', 'files.pythonhosted.org', 'localhost'];

test('no tracked file names a folder of the machine it was written on, or a private registry', () => {
  const hosts = privateHosts();
  const found = trackedFiles().flatMap(({ path, text }) => {
    const folders = [ROOT, homedir()].filter((folder) => folder.split('/').length > 2 && text.includes(`${folder}/`));
    const guessed = text.match(/(?<![\w.$~}-])\/(?:root|workspace|work|Users\/\w+)\/[\w.-]+/g) ?? [];
    return [...folders, ...guessed, ...hosts.filter((host) => text.includes(host))].map((what) => `${path}: ${what}`);
  });
  assert.deepEqual(found, []);
});

test('the lockfile names no host to fetch from, and a hash for every package', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, { resolved?: string; integrity?: string; link?: boolean }> };
  const entries = Object.entries(packages).filter(([path]) => path !== '');
  assert.ok(entries.length > 50);
  assert.deepEqual(entries.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path), []);
  assert.deepEqual(entries.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? '')).map(([path]) => path), []);
});

test('every dependency is pinned to one version', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) assert.match(version, /^\d+\.\d+\.\d+$/, name);
});

/** What git has or would take: nothing that is ignored. */
function trackedFiles(): { path: string; text: string }[] {
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 << 20 });
  const paths = [...new Set(list.split('\0').filter((path) => path !== ''))];
  assert.ok(paths.length > 50);
  return paths.flatMap((path) => {
    try {
      return [{ path, text: readFileSync(join(ROOT, path), 'utf8') }];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // Deleted, and not yet committed.
      throw error;
    }
  });
}

/** The hosts that npm, Go and pip are told to use here. */
function privateHosts(): string[] {
  const settings = [execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }), process.env['GOPROXY'], process.env['PIP_INDEX_URL'], process.env['npm_config_registry']];
  const hosts = settings.flatMap((setting) => [...(setting ?? '').matchAll(/https?:\/\/(?:[^@/\s]*@)?([\w.-]+)/g)].map(([, host = '']) => host));
  return [...new Set(hosts)].filter((host) => !PUBLIC_HOSTS.includes(host) && !/^127\./.test(host));
}
