import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startProcess } from '../support/rig/process.ts';
import { until } from '../support/rig/until.ts';
import { isAlive } from './lock.ts';

describe('a program under the leash', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'signet-leash-'));
  });
  after(async () => rm(dir, { recursive: true }));
  const shell = async (script: string) =>
    startProcess({ name: 'the shell', command: '/bin/sh', args: ['-c', script], log: join(dir, 'log') });

  it('hands its exit code on, and the number of a signal that ended it', async () => {
    assert.deepEqual(await (await shell('exit 7')).exited, { code: 7 });
    assert.deepEqual(await (await shell('kill -KILL $$')).exited, { code: 137 });
  });

  it('gets SIGTERM when it is stopped, and can end as it likes', async () => {
    await using polite = await shell('trap "exit 3" TERM; echo up; while :; do sleep 0.05; done');
    await until(() => polite.output().includes('\nup'), { what: 'the shell to be up', process: polite });
    assert.deepEqual(await polite.stop(), { code: 3 });
  });

  it('freezes and goes on', async () => {
    // One process: a shell that is stopped between vfork and exec of its `sleep` waits for that child in state D and never gets to T.
    await using counting = await shell(`exec ${process.execPath} -e 'let n = 0; setInterval(() => console.log("n" + ++n), 20)'`);
    const lines = () => counting.output().split('\n').length;
    await until(() => lines() > 3, { what: 'it to count', process: counting });
    await counting.freeze();
    const frozen = lines();
    counting.thaw();
    await until(() => lines() > frozen, { what: 'it to go on', process: counting });
  });

  it('ends, with its own children, when the one who started it is killed', async () => {
    const pids = join(dir, 'pids');
    const script = `
      import { startProcess } from ${JSON.stringify(new URL('../support/rig/process.ts', import.meta.url).href)};
      await startProcess({ name: 'sh', command: '/bin/sh', args: ['-c', 'sleep 300 & echo $$ $! > "$OUT"; wait'], env: { OUT: ${JSON.stringify(pids)} }, log: ${JSON.stringify(join(dir, 'inner'))} });
      setInterval(() => {}, 1000);`;
    const runner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: ['ignore', 'ignore', 'inherit'] });
    const read = async () => {
      const numbers = (await readFile(pids, 'utf8')).trim().split(' ').map(Number);
      return numbers.length === 2 && numbers;
    };
    const children = await until(read, { what: 'the shell to tell its number' });
    assert.deepEqual(children.map(isAlive), [true, true]);
    runner.kill('SIGKILL');
    await until(async () => !(await Promise.all(children.map(isRunning))).some(Boolean), { what: 'both to be gone' });
  });
});

/** One that has ended and that nobody has asked about yet counts as gone. */
async function isRunning(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/^\d+ \(.*\) Z/.test(stat);
}
