import type { Limits } from '../core/limits.ts';
import type { Breaker } from './breaker.ts';
import { blockedAt, blockedIn, roomOf, waitingText, type Door, type Room, type Why } from './door.ts';
import { Doors } from './doors.ts';
import type { Ticket } from './line.ts';

/** The request was set aside, and is called when its turn has come. `news`: nobody was told of this yet, or not for a while. */
export type Waiting = { readonly waits: Why; readonly message: string; readonly news: boolean };

/** A place at the CA. Exactly one of its methods is called, once. */
export type Place = {
  readonly waits: null;
  /** The CA answered, if only with a refusal. */
  readonly answered: () => void;
  /** It did not, or cannot now. */
  readonly failed: (why: string, options?: { retryAfter?: number | null; atOnce?: boolean }) => void;
  /** It was not asked. */
  readonly notAsked: () => void;
};

export type GateOptions = {
  readonly limits: ReadonlyMap<string, Limits>;
  /** A request that was set aside is to be looked at again: a place is kept for it. */
  readonly call: (name: string, signer: string) => void;
  /** The CA of a signer is left alone, at first for so many seconds. Not told of each further attempt, nor of a CA that is not there. */
  readonly onPause?: (signer: string, pause: { readonly seconds: number; readonly why: string }) => void;
  /** It answers again. */
  readonly onResume?: (signer: string) => void;
  /** Milliseconds of a clock that is never set back. */
  readonly monotonic: () => number;
  readonly breaker?: () => Breaker;
};

type Entry = { readonly door: Door; readonly room: Room; readonly ticket: Ticket<string>; why: Why };
type Held = Place & { readonly door: Door; readonly room: Room };

/** How often the same is told again as long as it lasts: an Event is gone after an hour, and istiod's requests after a minute. */
const TELL_AGAIN_MS = 60_000;

/**
 * The gate before the CAs: who may ask which CA now. Each signer has its limits, and so has each namespace at it; a CA that fails too often is left alone
 * for a while. Whoever has to wait holds nothing meanwhile, neither a slot nor a timer, and is called in the order of its namespace; the namespaces of a
 * signer take turns. Every step takes the same time however many wait.
 */
export class Gate {
  readonly #options: GateOptions;
  readonly #doors: Doors;
  readonly #entries = new Map<string, Entry>();
  /** Places that are kept for requests that were called. */
  readonly #called = new Map<string, Held>();
  #closed = false;

  constructor(options: GateOptions, signal: AbortSignal) {
    this.#options = options;
    this.#doors = new Doors({ limits: options.limits, breaker: options.breaker, onTime: (door) => this.#dispatch(door) });
    signal.addEventListener('abort', () => this.#close(), { once: true });
  }

  /** Takes a place for this request, or sets it aside until there is one. */
  enter(name: string, signer: string, namespace: string): Place | Waiting {
    const now = this.#options.monotonic();
    const door = this.#doors.of(signer, now);
    const room = roomOf(door, namespace, now, (each) => this.#ready(door, each));
    const kept = this.#takeKept(name, door, room);
    if (kept !== null) return kept;
    const entry = this.#entries.get(name);
    if (entry !== undefined && (entry.door !== door || entry.room !== room)) this.forget(name);
    const blocked = blockedAt(door, now) ?? blockedIn(room, door, now);
    if (blocked === null && room.line.size === 0) return this.#take(door, room, now);
    return this.#setAside(name, door, room, blocked?.why ?? 'rate', now);
  }

  /** The look at this request is over: a place that was kept for it and not taken goes to the next. */
  settle(name: string): void {
    if (this.#called.size === 0) return;
    this.#called.get(name)?.notAsked();
  }

  /** The request is gone. */
  forget(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) this.#leaveLine(name, entry);
    this.settle(name);
  }

  /** The CA of this signer is another one, or well again, as somebody else found out. */
  renew(signer: string): void {
    const door = this.#doors.find(signer);
    if (door === undefined) return;
    door.breaker.renew();
    this.#dispatch(door);
  }

  /** How many requests of this signer wait here for what. While its CA is left alone, all of them wait for that. */
  waiting(signer: string): Readonly<Record<Why, number>> {
    const { rate, concurrency, ca } = this.#doors.find(signer)?.waiting ?? { rate: 0, concurrency: 0, ca: 0 };
    return this.paused(signer) ? { rate: 0, concurrency: 0, ca: rate + concurrency + ca } : { rate, concurrency, ca };
  }

  /** Whether the CA of this signer is left alone now. */
  paused(signer: string): boolean {
    return this.#doors.find(signer)?.breaker.closed === false;
  }

  /** The place that was kept for this request, if it is for what the request turns out to be. */
  #takeKept(name: string, door: Door, room: Room): Place | null {
    const kept = this.#called.size === 0 ? undefined : this.#called.get(name);
    if (kept === undefined) return null;
    const { rate, concurrency } = door.limits.perNamespace;
    // Without limits of their own it does not matter which room a place is counted in.
    if (kept.door !== door || (kept.room !== room && (rate !== null || concurrency !== null))) {
      kept.notAsked();
      return null;
    }
    this.#called.delete(name);
    return kept;
  }

  #take(door: Door, room: Room, now: number): Held {
    door.taken += 1;
    room.taken += 1;
    door.meter?.take(now);
    room.meter?.take(now);
    const trial = door.breaker.ask();
    const leave = (): void => {
      door.taken -= 1;
      room.taken -= 1;
      this.#ready(door, room);
    };
    return {
      waits: null,
      door,
      room,
      answered: () => {
        if (door.breaker.answered(trial)) this.#resumed(door);
        leave();
      },
      failed: (why, options = {}) => {
        const seconds = door.breaker.failed(trial, this.#options.monotonic(), options);
        if (seconds !== null) this.#paused(door, { seconds, why }, options.atOnce !== true);
        leave();
      },
      notAsked: () => {
        door.breaker.notAsked(trial);
        door.meter?.giveBack();
        room.meter?.giveBack();
        leave();
      },
    };
  }

  #paused(door: Door, pause: { readonly seconds: number; readonly why: string }, tell: boolean): void {
    door.trouble = pause.why;
    if (!tell || door.told) return;
    door.told = true;
    this.#options.onPause?.(door.signer, pause);
  }

  #resumed(door: Door): void {
    door.told = false;
    this.#options.onResume?.(door.signer);
  }

  #setAside(name: string, door: Door, room: Room, why: Why, now: number): Waiting {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { door, room, ticket: room.line.push(name), why };
      this.#entries.set(name, entry);
      door.waiting[why] += 1;
    } else if (entry.why !== why) {
      door.waiting[entry.why] -= 1;
      door.waiting[why] += 1;
      entry.why = why;
    }
    this.#ready(door, room);
    const level = blockedAt(door, now) === null ? room : door;
    const news = now - level.toldAt >= TELL_AGAIN_MS;
    if (news) level.toldAt = now;
    return { waits: why, message: waitingText(door, level === door ? null : room, why, now), news };
  }

  /** Something may have become free in this room, or for all of the signer. */
  #ready(door: Door, room: Room): void {
    if (!room.queued && room.line.size > 0) {
      room.queued = true;
      door.turns.push(room);
    }
    this.#dispatch(door);
  }

  /** Calls whoever may go, a room after the other; what time alone will end is waited for by one timer. */
  #dispatch(door: Door): void {
    if (this.#closed) return;
    const now = this.#options.monotonic();
    while (door.turns.size > 0) {
      const blocked = blockedAt(door, now);
      if (blocked !== null) {
        if (Number.isFinite(blocked.wait)) door.alarm.set(now, blocked.wait);
        return;
      }
      const room = door.turns.shift();
      if (room === undefined) return;
      room.queued = false;
      this.#callFirst(door, room, now);
    }
  }

  #callFirst(door: Door, room: Room, now: number): void {
    const blocked = blockedIn(room, door, now);
    if (blocked !== null) {
      // Not in the line of rooms while it is blocked: it comes back when one of its own leaves, or by its alarm.
      if (Number.isFinite(blocked.wait)) room.alarm.set(now, blocked.wait);
      return;
    }
    const name = room.line.shift();
    if (name === undefined) return;
    const entry = this.#entries.get(name);
    if (entry !== undefined) door.waiting[entry.why] -= 1;
    this.#entries.delete(name);
    const place = this.#take(door, room, now);
    const notAsked = (): void => {
      this.#called.delete(name);
      place.notAsked();
    };
    this.#called.set(name, { ...place, notAsked });
    if (room.line.size > 0) {
      room.queued = true;
      door.turns.push(room);
    }
    this.#options.call(name, door.signer);
  }

  #leaveLine(name: string, { door, room, ticket, why }: Entry): void {
    room.line.leave(ticket);
    door.waiting[why] -= 1;
    this.#entries.delete(name);
  }

  #close(): void {
    this.#closed = true;
    for (const door of this.#doors.values()) for (const { alarm } of [door, ...door.rooms.values()]) alarm.clear();
  }
}
