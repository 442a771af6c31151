import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { nodeDisk, type RecordDisk, type RecordHandle } from '../../src/adapters/record/disk.ts';
import { RecordFile, type RecordFileOptions } from '../../src/adapters/record/file.ts';
import { Unavailable } from '../../src/control/errors.ts';
import { verifyRecord, type RecordVerdict } from '../../src/core/record-verification.ts';
import { NOON } from '../support/clock.ts';
import { until } from '../support/fake-apiserver.ts';

const folders: string[] = [];
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

describe('a record in a file', () => {
  it('has every entry once, in the order in which they came, and holds', async () => {
    const { file, path } = await begin();
    for (let i = 0; i < 2_500; i += 1) file.add(entry(i));
    await file.close();
    assert.deepEqual(await requests(path), Array.from({ length: 2_500 }, (_, i) => `csr-${i}`));
    assert.equal((await verdict(path)).last.count, 2_501);
  });

  it('has an entry when whoever waits for it goes on, and synced to the disk if it is required', async () => {
    for (const required of [false, true]) {
      const { file, path, calls } = await begin({ required });
      await file.settled(entry(1));
      assert.deepEqual(await requests(path), ['csr-1']);
      assert.deepEqual(calls.filter((call) => call === 'sync').length, required ? 2 : 0, 'the opening and the entry');
      await file.close();
    }
  });

  it('is written once for all that comes in one turn of the event loop', async () => {
    const { file, calls } = await begin();
    await file.settled(entry(0));
    const before = calls.length;
    await Promise.all([1, 2, 3].map((i) => file.settled(entry(i))));
    assert.deepEqual(calls.slice(before), ['append']);
    await file.close();
  });

  it('goes on where it ended, after an end and after a kill', async () => {
    const { file, path } = await begin();
    await file.settled(entry(1));
    // Not closed: nothing but what is in the file is known to the next.
    const torn: number[] = [];
    await appendFile(path, '{"n":3,"time":"2026-01-02T03:0');
    assert.equal((await verdict(path)).torn, 30);
    const next = new RecordFile({ ...options(path), onTorn: (octets) => torn.push(octets) });
    await next.settled(entry(2));
    await next.close();
    const last = new RecordFile(options(path));
    await last.settled(entry(3));
    await last.close();
    assert.deepEqual(torn, [30]);
    assert.deepEqual(await requests(path), ['csr-1', 'csr-2', 'csr-3']);
    const { ok, torn: rest, last: { count } } = await verdict(path);
    assert.deepEqual([ok, rest, count], [true, 0, 6]);
  });

  it('is put aside when it is full, and goes on in a new one; as many as said are kept', async () => {
    const { file, path } = await begin({ maxSize: 1_000, keep: 2 });
    for (let i = 0; i < 30; i += 1) await file.settled(entry(i));
    await file.close();
    const files = await all(path);
    assert.equal(files.length, 3);
    const kept = await verdict(path);
    assert.ok(kept.ok && kept.first > 1);
    assert.ok((await requests(path)).includes('csr-29'));

    const whole = await begin({ maxSize: 1_000 });
    for (let i = 0; i < 30; i += 1) await whole.file.settled(entry(i));
    await whole.file.close();
    const { ok, first } = await verdict(whole.path);
    assert.deepEqual([ok, first, (await requests(whole.path)).length], [true, 1, 30]);
  });

  it('goes on from the newest that was put aside when a kill came before there was a new one', async () => {
    const { file, path } = await begin();
    await file.settled(entry(1));
    await file.close();
    await rename(path, `${path}.000000000002`);
    const next = new RecordFile(options(path));
    await next.settled(entry(2));
    await next.close();
    assert.deepEqual([(await verdict(path)).ok, (await verdict(path)).first, await requests(path)], [true, 1, ['csr-1', 'csr-2']]);
  });

  it('tells its head when all that it covers is on the disk', async () => {
    const { file, path, calls } = await begin();
    await file.settled(entry(1));
    const head = await file.syncedHead();
    assert.equal(calls.at(-1), 'sync');
    assert.equal((await verdict(path, [head?.hash ?? ''])).ok, true);
    await file.close();
  });
});

describe('a record whose file was changed by another hand', () => {
  const damages: Readonly<Record<string, { damage: (path: string) => Promise<void>; says: RegExp }>> = {
    'its last line altered': { damage: async (path) => writeFile(path, (await readFile(path, 'latin1')).replace(/csr-1/, 'csr-2')), says: /entry 2, its last, was altered/ },
    'another text at its end': { damage: (path) => appendFile(path, 'hello\n'), says: /its last line is no line of a record/ },
  };
  for (const [what, { damage, says }] of Object.entries(damages)) {
    it(`is not gone on with: ${what}; once it is taken away, a new one begins`, async () => {
      const { file, path } = await begin();
      await file.settled(entry(1));
      await file.close();
      await damage(path);
      const troubles: (string | null)[] = [];
      const next = new RecordFile({ ...options(path), onTrouble: (why) => troubles.push(why) });
      await next.settled(entry(2));
      await until('it is told', () => troubles.length === 1);
      assert.match(troubles[0] ?? '', says);
      assert.ok(!(await readFile(path, 'latin1')).includes('"csr-3"'));
      await rename(path, `${path}-damaged`);
      await until('it goes on', () => troubles.length === 2);
      await next.settled(entry(3));
      assert.deepEqual([(await verdict(path)).ok, await requests(path)], [true, ['csr-2', 'csr-3']]);
      await next.close();
    });
  }

  const touches: Readonly<Record<string, { touch: (path: string) => Promise<void>; why: RegExp; holds: boolean; first: number }>> = {
    'half a line added': { touch: (path) => appendFile(path, '{"n":'), why: /something else wrote to it or cut it/, holds: true, first: 1 },
    'its last line cut off': { touch: async (path) => truncate(path, (await readFile(path, 'latin1')).indexOf('\n') + 1), why: /something else wrote to it or cut it/, holds: false, first: 1 },
    'emptied': { touch: (path) => truncate(path, 0), why: /something else wrote to it or cut it/, holds: true, first: 3 },
    'moved away': { touch: (path) => rename(path, `${path}-away`), why: /it was moved or removed while it was in use/, holds: true, first: 3 },
  };
  for (const [what, { touch, why, holds, first }] of Object.entries(touches)) {
    it(`while it is open, is told, and goes on: ${what}`, async () => {
      const { file, path, troubles } = await begin();
      await file.settled(entry(1));
      await touch(path);
      if (what === 'moved away') assert.equal(await file.syncedHead(), null);
      await file.settled(entry(2));
      await until('it works again', () => troubles.length === 2);
      await file.settled(entry(3));
      assert.match(troubles[0] ?? '', why);
      assert.deepEqual((await requests(path)).slice(-2), ['csr-2', 'csr-3']);
      assert.deepEqual([(await verdict(path)).ok, (await verdict(path)).first], [holds, first]);
      await file.close();
    });
  }
});

describe('a disk that fails', () => {
  it('keeps nobody waiting where the record is not required; what is missing is written when it works again', async () => {
    const { file, path, troubles, disk } = await begin();
    await file.settled(entry(1));
    disk.fault = 'ENOSPC: no space left on device';
    await file.settled(entry(2));
    file.add(entry(3));
    await file.settled(entry(4));
    assert.deepEqual(troubles, ['ENOSPC: no space left on device']);
    disk.fault = null;
    await until('it works again', () => troubles.length === 2);
    await file.settled(entry(5));
    assert.deepEqual(await requests(path), [1, 2, 3, 4, 5].map((i) => `csr-${i}`));
    assert.equal((await verdict(path)).ok, true);
    await file.close();
  });

  it('lets nothing pass where it is required, says why at once, and lets it pass when it works again', async () => {
    const { file, path, troubles, disk } = await begin({ required: true });
    await file.settled(entry(1));
    disk.fault = 'EIO: i/o error';
    for (const i of [2, 3]) await assert.rejects(file.settled(entry(i)), (error) => error instanceof Unavailable && /audit\.required\): EIO/.test(error.message));
    file.add(entry(4));
    disk.fault = null;
    await until('it works again', () => troubles.length === 2);
    await file.settled(entry(5));
    assert.deepEqual(await requests(path), ['csr-1', 'csr-4', 'csr-5'], 'what did not leave needs no entry');
    assert.equal((await verdict(path)).ok, true);
    await file.close();
  });

  it('after half of a write: what is there stays, the rest follows, nothing twice', async () => {
    const { file, path, troubles, disk } = await begin();
    await file.settled(entry(0));
    disk.partial = 700;
    for (let i = 1; i <= 6; i += 1) file.add(entry(i));
    await until('it works again', () => troubles.length === 2);
    await file.settled(entry(7));
    assert.deepEqual(await requests(path), [0, 1, 2, 3, 4, 5, 6, 7].map((i) => `csr-${i}`));
    assert.equal((await verdict(path)).ok, true);
    await file.close();
  });

  it('by not answering keeps nobody for longer than its patience', async () => {
    for (const required of [false, true]) {
      const { file, path, disk, troubles } = await begin({ required, patienceMs: 500 });
      await file.settled(entry(1));
      const release = disk.hang();
      if (required) await assert.rejects(file.settled(entry(2)), /the disk has not answered for 0\.5 s/);
      else await file.settled(entry(2));
      release();
      await until('it works again', () => troubles.length === 2);
      await file.settled(entry(3));
      assert.ok((await requests(path)).includes('csr-3'));
      assert.equal((await verdict(path)).ok, true);
      await file.close();
    }
  });

  it('for long costs no more memory than there is room; what is lost is counted, and the record says so', async () => {
    const { file, path, disk, troubles, lost } = await begin({ room: 10 });
    await file.settled(entry(0));
    disk.fault = 'EIO';
    await file.settled(entry(1));
    for (let i = 2; i < 30; i += 1) file.add(entry(i));
    assert.equal(lost(), 18, 'ten wait, and the one that failed');
    disk.fault = null;
    await until('it works again', () => troubles.length === 2);
    await file.settled(entry(99));
    assert.match(await readFile(path, 'latin1'), /"what":"lost","entries":18/);
    assert.equal((await verdict(path)).ok, true);
    await file.close();
  });
});

type TroubledDisk = RecordDisk & { fault: string | null; /** The next append stops after so many octets. */ partial: number | null; /** Until the function is called. */ hang(): () => void };

/** The real one, with trouble on demand. */
function troubledDisk(calls: string[]): TroubledDisk {
  let held: Promise<void> = Promise.resolve();
  const disk: TroubledDisk = {
    ...nodeDisk,
    fault: null,
    partial: null,
    hang() {
      let release = (): void => undefined;
      held = new Promise((resolve) => (release = resolve));
      return release;
    },
    async open(path) {
      if (disk.fault !== null) throw new Error(disk.fault);
      return troubled(await nodeDisk.open(path));
    },
  };
  const troubled = (handle: RecordHandle): RecordHandle => ({
    ...handle,
    async append(bytes) {
      calls.push('append');
      await held;
      if (disk.fault !== null) throw new Error(disk.fault);
      const { partial } = disk;
      disk.partial = null;
      await handle.append(partial === null ? bytes : bytes.subarray(0, partial));
      if (partial !== null) throw new Error('ENOSPC');
    },
    async sync() {
      calls.push('sync');
      await handle.sync();
    },
  });
  return disk;
}

type Scene = { readonly file: RecordFile; readonly path: string; readonly calls: string[]; readonly troubles: (string | null)[]; readonly disk: TroubledDisk; lost(): number };

async function begin(change: Partial<RecordFileOptions> = {}): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-record-'));
  folders.push(folder);
  const path = join(folder, 'record.jsonl');
  const [calls, troubles]: [string[], (string | null)[]] = [[], []];
  let lost = 0;
  const disk = troubledDisk(calls);
  const file = new RecordFile({ ...options(path), disk, onTrouble: (why) => troubles.push(why), onLost: () => (lost += 1), ...change });
  file.open();
  return { file, path, calls, troubles, disk, lost: () => lost };
}

function options(path: string): RecordFileOptions {
  return { path, required: false, maxSize: 2 ** 20, keep: null, now: () => NOON, version: '1', retryMs: 5 };
}

function entry(i: number): string {
  return JSON.stringify({ time: NOON.toISOString(), what: 'issuing', request: `csr-${i}` });
}

/** The files of a record, in its order. */
async function all(path: string): Promise<string[]> {
  const names = await readdir(join(path, '..'));
  return [...names.filter((name) => /^record\.jsonl\.\d+$/.test(name)).sort(), ...names.filter((name) => name === 'record.jsonl')].map((name) => join(path, '..', name));
}

async function requests(path: string): Promise<string[]> {
  const texts = await Promise.all((await all(path)).map((name) => readFile(name, 'latin1')));
  return texts.flatMap((text) => [...text.matchAll(/"request":"([^"]*)"/g)].map(([, request = '']) => request));
}

async function verdict(path: string, heads: readonly string[] = []): Promise<RecordVerdict> {
  const verification = verifyRecord({ heads });
  for (const name of await all(path)) {
    verification.file(name);
    const lines = (await readFile(name, 'latin1')).split('\n');
    const torn = lines.pop()?.length ?? 0;
    lines.forEach(verification.line);
    verification.rest(torn);
  }
  return verification.verdict();
}
