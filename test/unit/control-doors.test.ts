import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Breaker } from '../../src/control/breaker.ts';
import { roomOf, type Door } from '../../src/control/door.ts';
import { Doors } from '../../src/control/doors.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';

const NOW = 1_000_000;
const made = (configured: readonly string[] = []): Doors => new Doors({ limits: new Map(configured.map((name) => [name, DEFAULT_LIMITS])), onTime: () => undefined });
const come = (doors: Doors, count: number, use: (door: Door) => void = () => undefined): Door[] => Array.from({ length: count }, (_, i) => {
  const door = doors.of(`issuers.cert-manager.io/ns.${doors.size}-${i}`, NOW);
  use(door);
  return door;
});

it('of issuers that came, were used once and went, no more than some doors are kept', () => {
  const doors = made();
  come(doors, 10_000, (door) => void roomOf(door, 'ns', NOW, () => undefined));
  assert.ok(doors.size <= 256, `${doors.size} doors are kept`);
});

const NEEDED: Readonly<Record<string, (door: Door) => void>> = {
  'something is under way there': (door) => void (door.taken = 1),
  'something waits there for the CA': (door) => void (door.waiting.ca = 1),
  'something waits there for its rate': (door) => void (door.waiting.rate = 1),
  'its CA is left alone': ({ breaker }) => void breaker.failed(breaker.ask(), NOW, { atOnce: true }),
  'one is asking whether its CA is well again': ({ breaker }) => {
    breaker.failed(breaker.ask(), NOW - 60_000, { atOnce: true });
    breaker.ask();
  },
  'somebody was told of a pause, and is to be told of its end': (door) => void (door.told = true),
  'it will be woken': ({ alarm }) => alarm.set(NOW, 60_000),
  'something is under way in one of its rooms': (door) => void (roomOf(door, 'ns', NOW, () => undefined).taken = 1),
};
for (const [why, use] of Object.entries(NEEDED)) {
  it(`a door is kept while ${why}`, () => {
    const doors = made();
    const [door] = come(doors, 1, use);
    come(doors, 1_000);
    assert.equal(doors.find(door?.signer ?? ''), door);
    door?.alarm.clear();
  });
}

it('a pause that is over keeps no door: a CA that never was there has one', () => {
  const doors = made();
  const absent = come(doors, 200, ({ breaker }) => void breaker.failed(breaker.ask(), NOW - 60_000, { atOnce: true }));
  come(doors, 1_000);
  assert.ok(absent.every(({ signer }) => doors.find(signer) === undefined));
});

it('the door of a signer of the configuration is kept with all that is known of its CA', () => {
  const doors = made(['foo']);
  const foo = doors.of('foo', NOW);
  come(doors, 1_000);
  assert.equal(doors.find('foo'), foo);
});

it('doors that are needed are not looked through for each new one', () => {
  let looks = 0;
  const doors = new Doors({ limits: new Map(), breaker: () => new Breaker(), onTime: () => undefined });
  come(doors, 10_000, (door) => Object.defineProperty(door, 'taken', { get: () => ((looks += 1), 1) }));
  assert.equal(doors.size, 10_000);
  assert.ok(looks < 20_000, `${looks} looks for 10,000 doors`);
});
