import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { withLock } from './lock.ts';

describe('the lock around a build', () => {
  let dir: string;
  let path: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'signet-lock-'));
    path = join(dir, 'lock');
  });
  after(async () => rm(dir, { recursive: true }));
  const noWait = (holder: string) => assert.fail(`waited for ${holder}`);

  it('is there while the work is done, and gone after it, also when the work fails', async () => {
    const seen = await withLock({ path, onWait: noWait }, async () => readFile(path, 'utf8'));
    assert.equal(seen, `${process.pid}\n`);
    const failing = withLock({ path, onWait: noWait }, async () => Promise.reject(new Error('no luck')));
    await assert.rejects(failing, /no luck/);
    await assert.rejects(access(path), { code: 'ENOENT' });
  });

  it('lets one in at a time, and tells the other whom it waits for', async () => {
    const order: string[] = [];
    const holders: string[] = [];
    let told = () => {};
    const waiting = new Promise<void>((resolve) => (told = resolve));
    const first = withLock({ path, onWait: noWait }, async () => {
      order.push('first in');
      await waiting;
      order.push('first out');
    });
    const onWait = (holder: string) => {
      holders.push(holder);
      told();
    };
    const second = withLock({ path, onWait }, async () => order.push('second in'));
    await Promise.all([first, second]);
    assert.deepEqual(order, ['first in', 'first out', 'second in']);
    assert.deepEqual(holders, [String(process.pid)]);
  });

  it('of a process that is gone is taken over, and of one that lives is not', async () => {
    const gone = spawn(process.execPath, ['-e', '']);
    await once(gone, 'exit');
    await writeFile(path, `${gone.pid}\n`);
    assert.equal(await withLock({ path, onWait: noWait }, async () => 'taken over'), 'taken over');

    await writeFile(path, `${process.ppid}\n`);
    const aborting = new AbortController();
    const onWait = () => aborting.abort(new Error('had to wait'));
    await assert.rejects(withLock({ path, onWait, signal: aborting.signal }, async () => 'taken over'), /had to wait|aborted/);
    await rm(path);
  });

  it('of a living process that has not touched it for two minutes is taken over: the number is somebody else\'s now', async () => {
    await writeFile(path, `${process.ppid}\n`);
    const long = new Date(Date.now() - 120_000);
    await utimes(path, long, long);
    assert.equal(await withLock({ path, onWait: noWait }, async () => 'taken over'), 'taken over');
  });
});
