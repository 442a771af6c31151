// The README shows what a newcomer will see; this runs it and compares.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { parseConfig } from '../../src/config.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
const scripts = (JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts;

/** The text between a fence of this language, the one that holds `mark`. */
function block(language: string, mark: string): string {
  const blocks = [...readme.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].filter(([, found]) => found === language).map(([, , text]) => text ?? '');
  const found = blocks.find((text) => text.includes(mark));
  assert.ok(found !== undefined, `the README has no ${language} block with "${mark}"`);
  return found;
}

/** The lines of a transcript without what differs from run to run: the milliseconds, and the width of their column. */
function stable(transcript: string): string[] {
  return transcript.split('\n').map((line) => line.replace(/ {3,}\d+ ms$/, '').trimEnd()).filter((line) => line !== '');
}

describe('the README', () => {
  it('shows what the demo prints', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'src/main.ts', 'demo'], { cwd: ROOT, env: { ...process.env, NO_COLOR: '1' } });
    const printed = stable(stdout);
    for (const line of stable(block('text', 'REQUESTER'))) assert.ok(printed.includes(line), `the demo does not print: ${line}\nbut:\n${stdout}`);
  });

  it('shows a configuration that is right', () => {
    const parsed = parseConfig(block('yaml', 'trustDomain'));
    assert.ok(parsed.ok, JSON.stringify(parsed));
    assert.deepEqual(parsed.config.signers.map(({ name }) => name), ['clusterissuers.cert-manager.io/foo', 'clusterissuers.cert-manager.io/istio-system']);
  });

  it('names only scripts, files and folders that are there', () => {
    for (const [, script] of readme.matchAll(/npm run ([\w:]+)/g)) assert.ok(script !== undefined && scripts[script] !== undefined, `there is no script ${script}`);
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path ?? '');
    const quoted = [...readme.matchAll(/`((?:test|src|docs|manifests|examples)\/[\w./-]+)`/g)].map(([, path]) => path ?? '');
    assert.ok(links.length > 4 && quoted.length > 4);
    for (const path of [...links, ...quoted]) assert.ok(existsSync(join(ROOT, path)), `there is no ${path}`);
  });
});
