import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createRecorder, type OpenRecorder, type RecorderOptions } from '../../src/adapters/record/recorder.ts';
import { runCli } from '../../src/cli/cli.ts';
import type { RecordEntry } from '../../src/core/record-entry.ts';
import { NOON } from '../support/clock.ts';
import { until } from '../support/fake-apiserver.ts';
import { rememberingLog, type Line } from '../support/ports.ts';
import { spiffe } from '../support/requests.ts';

let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'signet-audit-'));
});
after(() => rm(dir, { recursive: true }));

describe('signet audit verify', () => {
  let [path, head] = ['', ''];
  let aside: string[] = [];
  before(async () => {
    const { recorder, log, file } = open('verified', { maxSize: 3_000 });
    for (let i = 0; i < 20; i += 1) await recorder.intend(issuing(i));
    await recorder.close();
    [path, head] = [file, String(heads(log.lines).at(-1)?.['head'])];
    aside = (await readdir(dir)).filter((name) => name.startsWith('verified.jsonl.')).map((name) => join(dir, name));
    assert.ok(aside.length >= 2);
  });

  it('says that a record is as it was written, its files in any order', async () => {
    const { code, stdout } = await audit('verify', path, ...aside);
    assert.match(stdout, new RegExp(`^ok: entries 1 to \\d+, head ${head}\n$`));
    assert.equal(code, 0);
    const found = await audit('verify', ...aside, path, '--head', head);
    assert.deepEqual([found.code, /^head: [0-9a-f]{64} is entry \d+$/m.test(found.stdout)], [0, true]);
  });

  it('says from where on, where older files are not given', async () => {
    const { code, stdout } = await audit('verify', path);
    assert.deepEqual([code, /^note: entries 1 to \d+ are not in these files$/m.test(stdout)], [0, true]);
  });

  it('tells each altered line with its place, and ends with 1', async () => {
    const copy = join(dir, 'altered.jsonl');
    await writeFile(copy, (await readFile(path, 'latin1')).replace(/"requester":"istiod"/, '"requester":"nobody"'));
    const { code, stdout } = await audit('verify', ...aside, copy);
    assert.match(stdout, new RegExp(`^${copy}:2: entry \\d+ was altered`));
    assert.equal(code, 1);
    const json = await audit('verify', ...aside, copy, '-o', 'json');
    assert.equal(json.code, 1);
    const { ok, findings } = JSON.parse(json.stdout) as { ok: boolean; findings: { file: string; line: number }[] };
    assert.deepEqual([ok, findings.map(({ file, line }) => [file, line])], [false, [[copy, 2]]]);
  });

  it('ends with 1 when the record does not have a head that was seen', async () => {
    const { code, stdout } = await audit('verify', ...aside, '--head', head);
    assert.match(stdout, new RegExp(`^head: ${head} is not in this record: it was cut short before that entry, or made anew$`, 'm'));
    assert.equal(code, 1);
  });

  it('ends with 2 when it cannot tell', async () => {
    for (const [argv, message] of [
      [[], 'say what to do: verify'],
      [['check', path], 'unknown action "check": there is verify'],
      [['verify'], 'name the files of the record'],
      [['verify', `${path}.none`], 'cannot read'],
      [['verify', dir], 'cannot read'],
      [['verify', path, '--head', 'abc'], '--head must be a SHA-256 in hex, 64 characters, in lower case; found "abc"'],
    ] as const) {
      const { code, stdout, stderr } = await audit(...argv);
      assert.deepEqual([code, stdout, stderr.startsWith(`signet: ${message}`)], [2, '', true], stderr);
    }
  });

  it('is not confused by what is no record, nor filled by a line without an end', async () => {
    const odd = join(dir, 'odd');
    await writeFile(odd, Buffer.concat([Buffer.from('\n\u001b[2J\n'), Buffer.alloc(8 * 1024 * 1024, 'x'), Buffer.from('\n')]));
    const { code, stdout } = await audit('verify', odd);
    assert.equal(code, 1);
    assert.equal(stdout.match(/is no line of a record/g)?.length, 3);
  });
});

describe('the head of a record', () => {
  it('is logged and exported, by number and hash, when it has changed, and once more at the end', async () => {
    const seen: string[] = [];
    const { recorder, log, file } = open('head', {}, { headMs: 10, meter: { ...METER, head: ({ count }) => seen.push(`head ${count}`), entries: (count) => seen.push(`entry ${count}`) } });
    await recorder.intend(issuing(1));
    await until('it is told', () => seen.includes('head 2'));
    recorder.note(issuing(2));
    await until('it is told again', () => seen.includes('head 3'));
    recorder.note(issuing(3));
    await recorder.close();
    assert.deepEqual(heads(log.lines).map(({ entries, file: path }) => [entries, path]), [[2, file], [3, file], [4, file]].slice(-heads(log.lines).length));
    assert.deepEqual(heads(log.lines).at(-1)?.['entries'], 4);
    assert.equal((await audit('verify', file, ...heads(log.lines).flatMap(({ head }) => ['--head', String(head)]))).code, 0);
  });

  it('is not there where there is no file', async () => {
    const log = rememberingLog();
    const recorder = createRecorder({ log, now: () => NOON, version: '1', file: null, meter: METER });
    recorder.open();
    await recorder.intend(issuing(1));
    await recorder.close();
    assert.deepEqual(log.lines.map(({ message }) => message), ['issuing']);
    assert.equal(recorder.ready, true);
  });
});

describe('a record that cannot be opened', () => {
  it('keeps Signet from being ready where it is required, and says so; where not, it is only said', async () => {
    for (const required of [true, false]) {
      const failing: boolean[] = [];
      const { recorder, log } = open('nowhere/at/all', { required }, { meter: { ...METER, failing: (is) => failing.push(is) } });
      await until('it is said', () => failing.length > 0);
      assert.deepEqual([recorder.ready, failing[0]], [!required, true]);
      const [line] = log.lines;
      assert.deepEqual([line?.level, /ENOENT/.test(String(line?.fields['why']))], ['error', true]);
      if (required) await assert.rejects(recorder.intend(issuing(1)), /audit\.required/);
      else await recorder.intend(issuing(1));
      await recorder.close();
    }
    const { recorder } = open('somewhere', { required: true });
    await recorder.intend(issuing(1));
    assert.equal(recorder.ready, true);
    await recorder.close();
  });
});

const METER = { entries: () => undefined, head: () => undefined, failing: () => undefined, lost: () => undefined };

function open(name: string, file: Partial<NonNullable<RecorderOptions['file']>> = {}, more: Partial<RecorderOptions> = {}): { recorder: OpenRecorder; log: ReturnType<typeof rememberingLog>; file: string } {
  const log = rememberingLog();
  const path = join(dir, `${name}.jsonl`);
  const recorder = createRecorder({ log, now: () => NOON, version: '1', file: { path, required: false, maxSize: 2 ** 20, keep: null, ...file }, meter: METER, ...more });
  recorder.open();
  return { recorder, log, file: path };
}

function issuing(i: number): RecordEntry {
  return { what: 'issuing', request: `csr-${i}`, uid: `u-${i}`, signer: 'signers.example.test/foo', requester: 'istiod', names: [spiffe('foo')], reason: 'PolicyAllowed', seconds: 0.01, serial: '0a', caSha256: 'ff', policy: 'allow[0]', notAfter: NOON, adjustments: [] };
}

function heads(lines: readonly Line[]): Line['fields'][] {
  return lines.filter(({ message }) => message === 'record').map(({ fields }) => fields);
}

async function audit(...argv: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const text = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof text) => ({ isTTY: false, write: (more: string) => void (text[name] += more) });
  const code = await runCli(['audit', ...argv], { env: {}, stdout: stream('stdout'), stderr: stream('stderr'), now: () => NOON, signal: new AbortController().signal });
  return { code, ...text };
}
