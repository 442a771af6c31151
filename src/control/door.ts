import { rateText, type Limits, type Rate } from '../core/limits.ts';
import { RateMeter } from '../core/rate-meter.ts';
import { Alarm } from './alarm.ts';
import type { Breaker } from './breaker.ts';
import { Line } from './line.ts';

/** What a request waits for before its CA: its rate, a place among those that the CA is asked for, or the CA itself. */
export type Why = 'rate' | 'concurrency' | 'ca';

/** Requests of one namespace at one signer: what they use, and who of them waits, by name. */
export type Room = {
  readonly namespace: string;
  readonly meter: RateMeter | null;
  readonly line: Line<string>;
  readonly alarm: Alarm;
  taken: number;
  /** Whether it stands in the door's line of rooms. */
  queued: boolean;
  /** When somebody was told that it waits. */
  toldAt: number;
};

/** One signer before its CA. */
export type Door = {
  readonly signer: string;
  readonly limits: Limits;
  readonly meter: RateMeter | null;
  readonly breaker: Breaker;
  readonly rooms: Map<string, Room>;
  /** Rooms whose first one may go as soon as the signer's own limits let it. */
  readonly turns: Line<Room>;
  readonly waiting: Record<Why, number>;
  readonly alarm: Alarm;
  taken: number;
  toldAt: number;
  /** With so many rooms, those that nobody needs are given up. */
  sweepAt: number;
  /** Why the CA is left alone, in words. */
  trouble: string;
  /** Whether anybody was told that it is. */
  told: boolean;
};

/** What is in the way. `wait`: milliseconds until time alone may end it; Infinity: something else must. */
export type Blocked = { readonly why: Why; readonly wait: number };

/** Rooms that are kept without need until there are so many: namespaces come and go for ever. */
const SPARE_ROOMS = 256;

export function newDoor(signer: string, limits: Limits, breaker: Breaker, onTime: () => void): Door {
  const none = { rate: 0, concurrency: 0, ca: 0 };
  return { signer, limits, meter: meterOf(limits.rate), breaker, rooms: new Map(), turns: new Line(), waiting: none, alarm: new Alarm(onTime), taken: 0, toldAt: -Infinity, sweepAt: SPARE_ROOMS, trouble: '', told: false };
}

/** The room of this namespace, made where there is none. */
export function roomOf(door: Door, namespace: string, now: number, onTime: (room: Room) => void): Room {
  const found = door.rooms.get(namespace);
  if (found !== undefined) return found;
  if (door.rooms.size >= door.sweepAt) sweep(door, now);
  const room: Room = { namespace, meter: meterOf(door.limits.perNamespace.rate), line: new Line(), alarm: new Alarm(() => onTime(room)), taken: 0, queued: false, toldAt: -Infinity };
  door.rooms.set(namespace, room);
  return room;
}

/** Where all rooms are needed the next sweep waits until there are twice as many: however many there are, making one costs the same on average. */
function sweep(door: Door, now: number): void {
  for (const each of door.rooms.values()) if (isSpare(each, now)) door.rooms.delete(each.namespace);
  door.sweepAt = Math.max(SPARE_ROOMS, 2 * door.rooms.size);
}

/** What keeps everybody from the CA of this signer. */
export function blockedAt({ breaker, limits, meter, taken }: Door, now: number): Blocked | null {
  const pause = breaker.wait(now);
  if (pause > 0) return { why: 'ca', wait: pause };
  if (taken >= limits.concurrency) return { why: 'concurrency', wait: Infinity };
  const wait = meter?.wait(now) ?? 0;
  return wait > 0 ? { why: 'rate', wait } : null;
}

/** What keeps this namespace from it. */
export function blockedIn({ meter, taken }: Room, { limits: { perNamespace } }: Door, now: number): Blocked | null {
  if (perNamespace.concurrency !== null && taken >= perNamespace.concurrency) return { why: 'concurrency', wait: Infinity };
  const wait = meter?.wait(now) ?? 0;
  return wait > 0 ? { why: 'rate', wait } : null;
}

/** For people; of the room's limits, or, without one, of the signer's. */
export function waitingText({ signer, limits, breaker, trouble }: Door, room: Room | null, why: Why, now: number): string {
  const whose = room === null ? `signer "${signer}"` : `namespace "${room.namespace}" at signer "${signer}"`;
  const { rate, concurrency } = room === null ? limits : limits.perNamespace;
  switch (why) {
    case 'rate':
      return `Waiting for the rate of ${whose}: ${rate === null ? 'others came before' : `${rateText(rate)} are allowed`}`;
    case 'concurrency':
      return `Waiting for a turn at the CA of ${whose}: it is asked for ${concurrency ?? limits.concurrency} certificates already, as many at once as are allowed`;
    case 'ca': {
      const pause = breaker.wait(now);
      return `Waiting for the CA of ${whose}: ${trouble}; it is asked again ${Number.isFinite(pause) ? `in ${Math.ceil(pause / 1000)} s` : 'just now'}`;
    }
  }
}

function meterOf(rate: Rate | null): RateMeter | null {
  return rate === null ? null : new RateMeter(rate);
}

/** Whether nobody misses it: nothing waits or is under way, no pause or limit goes on, and nobody is to be told of an end. A failure or two are forgotten with it. */
export function isSpareDoor({ taken, waiting, alarm, meter, breaker, rooms, told }: Door, now: number): boolean {
  if (taken > 0 || told || alarm.isSet || breaker.wait(now) > 0 || waiting.rate + waiting.concurrency + waiting.ca > 0) return false;
  return (meter === null || meter.isRested(now)) && [...rooms.values()].every((room) => isSpare(room, now));
}

function isSpare({ taken, line, alarm, meter }: Room, now: number): boolean {
  return taken === 0 && line.size === 0 && !alarm.isSet && (meter === null || meter.isRested(now));
}
