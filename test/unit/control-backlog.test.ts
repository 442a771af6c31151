import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backlogOf, type BacklogOptions } from '../../src/control/backlog.ts';

function backlog({ queue = {}, aside = {}, unfinished = 0, ready = true, paused = false }: { queue?: object; aside?: object; unfinished?: number; ready?: boolean; paused?: boolean }): ReturnType<typeof backlogOf> {
  const options: BacklogOptions = {
    queue: { waiting: () => ({ turn: 0, running: 0, retry: 0, ...queue }) },
    gate: { waiting: () => ({ rate: 0, concurrency: 0, ca: 0, ...aside }), paused: () => paused },
    unfinished: () => unfinished,
    ready: () => ready,
  };
  return backlogOf('s', options);
}

const NONE = { turn: 0, rate: 0, concurrency: 0, ca: 0, retry: 0, approval: 0 };

describe('what waits', () => {
  it('is told by what it waits for; what is worked on does not wait', () => {
    const { waiting } = backlog({ queue: { turn: 1, running: 2, retry: 3 }, aside: { rate: 4, concurrency: 5, ca: 6 }, unfinished: 21 });
    assert.deepEqual(waiting, { turn: 1, rate: 4, concurrency: 5, ca: 6, retry: 3, approval: 0 });
  });

  it('and is known to nobody here waits for somebody\'s approval', () => {
    assert.deepEqual(backlog({ queue: { running: 2 }, unfinished: 9 }).waiting, { ...NONE, approval: 7 });
    assert.deepEqual(backlog({ queue: { running: 2 }, unfinished: 1 }).waiting, NONE, 'what was just finished is no negative number');
  });

  it('for a retry waits for the CA where there is none, or where it is left alone', () => {
    assert.deepEqual(backlog({ queue: { retry: 3 }, unfinished: 3 }).waiting, { ...NONE, retry: 3 });
    assert.deepEqual(backlog({ queue: { retry: 3 }, unfinished: 3, ready: false }).waiting, { ...NONE, ca: 3 });
    assert.deepEqual(backlog({ queue: { retry: 3 }, unfinished: 3, paused: true }), { signer: 's', paused: true, waiting: { ...NONE, ca: 3 } });
  });
});
