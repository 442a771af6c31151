import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Breaker } from '../../src/control/breaker.ts';
import { newDoor, roomOf } from '../../src/control/door.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';

it('rooms that nobody needs are given up, and rooms that are needed are not looked through for each new one', () => {
  const door = newDoor('s', DEFAULT_LIMITS, new Breaker(), () => undefined);
  let [needed, looks] = [1, 0];
  const make = (count: number): void => {
    for (let i = 0; i < count; i += 1) {
      const room = roomOf(door, `ns-${needed}-${i}`, 0, () => undefined);
      Object.defineProperty(room, 'taken', { get: () => ((looks += 1), needed) });
    }
  };
  make(10_000);
  assert.equal(door.rooms.size, 10_000);
  assert.ok(looks < 20_000, `${looks} looks for 10,000 rooms`);
  needed = 0;
  make(20_000);
  assert.ok(door.rooms.size <= 256, `${door.rooms.size} rooms are kept`);
});
