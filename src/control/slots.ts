import { Line } from './line.ts';
import { Tally } from './tally.ts';

export type SlotsOptions = {
  /** What may be under way at the same time. */
  readonly count: number;
  /** Runs a function in another turn of the event loop. */
  readonly nextTurn: (run: () => void) => void;
  /** Milliseconds after which work that waits for somebody else gives its slot up. */
  readonly slowAfter: number;
};

/** A slot that is held. */
export type Slot = {
  /**
   * Waits for what may take long. If it does, the slot is given up meanwhile, and had again, in its lane's turn, before this settles as
   * `slow` did.
   */
  readonly patiently: <T>(slow: Promise<T>) => Promise<T>;
  /** Gives the slot back; it is held no more. */
  readonly end: () => void;
};

type Start = (slot: Slot) => void;
/** `group`: as what it is counted. */
type Begin = { readonly group: string; readonly start: Start };
type Member = { readonly key: string; readonly line: Line<Begin> };
type Lane = {
  readonly name: string;
  /** Slots that it holds. */
  held: number;
  /** What was begun and has not ended, with a slot or without. */
  begun: number;
  /** What waits in it for a slot. */
  size: number;
  /** Whether it stands in the line of lanes. */
  queued: boolean;
  /** What was begun and goes on. */
  readonly resuming: Line<() => void>;
  readonly members: Map<string, Member>;
  readonly turns: Line<Member>;
};

/** Of all slots one lane holds at most this share: whoever comes into another lane finds some free at once, without waiting for a flood's writes. */
const SHARE = 0.75;

/**
 * One after the other they find their code and its tables in the CPU's caches, which the API server beside them empties all the time: a
 * certificate of a drain takes a quarter less CPU than with one start a turn (1.9 ms against 2.5 ms in four pairs of runs). Eight of them
 * delay the first one's write by some 4 ms.
 */
const STARTS_IN_A_TURN = 8;

/**
 * A number of slots that lanes share by turns, and within a lane its members: the lane is the tenant's signer, the member who asks. So a flood in
 * one tenant delays the next by one turn and not by its length, and so does a flood that an outsider sends to a tenant's signer.
 */
export class Slots {
  readonly #options: SlotsOptions;
  readonly #share: number;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes that may have a turn: something waits there, and they hold less than their share. */
  readonly #turns = new Line<Lane>();
  /** What waits to begin, and what has begun and not ended, by group. */
  readonly #waitingOf = new Tally();
  readonly #begunOf = new Tally();
  #held = 0;
  /** A start is due in the next turn of the event loop. */
  #filling = false;

  constructor(options: SlotsOptions) {
    this.#options = options;
    this.#share = Math.ceil(options.count * SHARE);
  }

  /** Calls `start` once there is a slot for it. It is counted as one of `group`. */
  ask(name: string, member: string, start: Start, group = name): void {
    const lane = this.#lane(name);
    let found = lane.members.get(member);
    if (found === undefined) {
      found = { key: member, line: new Line() };
      lane.members.set(member, found);
    }
    if (found.line.size === 0) lane.turns.push(found);
    found.line.push({ group, start });
    this.#waitingOf.change(group, 1);
    this.#wait(lane);
  }

  /** How many of this group wait to begin. */
  waiting(group: string): number {
    return this.#waitingOf.of(group);
  }

  /** How many of this group have begun and not ended. */
  begun(group: string): number {
    return this.#begunOf.of(group);
  }

  /** How many lanes are known. One in which nothing waits or goes on is forgotten: whoever may make issuers can make as many as there are names. */
  get lanes(): number {
    return this.#lanes.size;
  }

  /** Forgets what waits to begin. What was begun is let to its end. */
  close(): void {
    for (const lane of this.#lanes.values()) {
      for (let begin = nextOf(lane); begin !== undefined; begin = nextOf(lane)) this.#waitingOf.change(begin.group, -1);
      lane.size = lane.resuming.size;
    }
  }

  #lane(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { name, held: 0, begun: 0, size: 0, queued: false, resuming: new Line(), members: new Map(), turns: new Line() };
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  #wait(lane: Lane): void {
    lane.size += 1;
    this.#queue(lane);
    this.#fill();
  }

  #queue(lane: Lane): void {
    if (lane.queued || lane.size === 0 || lane.held >= this.#share) return;
    lane.queued = true;
    this.#turns.push(lane);
  }

  /**
   * Starts what may run, a few in each turn of the event loop: what a name computes before its first wait would otherwise be done for every
   * name of a burst before the first one's write is on the wire.
   */
  #fill(): void {
    if (this.#filling || this.#turns.size === 0 || this.#held >= this.#options.count) return;
    this.#filling = true;
    this.#options.nextTurn(() => {
      this.#filling = false;
      for (let started = 0; started < STARTS_IN_A_TURN && this.#turns.size > 0 && this.#held < this.#options.count; started++) this.#takeTurn();
      this.#fill();
    });
  }

  #takeTurn(): void {
    const lane = this.#turns.shift();
    if (lane === undefined) return;
    lane.queued = false;
    const next = lane.resuming.shift() ?? nextOf(lane);
    if (next === undefined) return;
    lane.size -= 1;
    lane.held += 1;
    this.#held += 1;
    this.#queue(lane);
    if (typeof next === 'function') return next();
    this.#waitingOf.change(next.group, -1);
    next.start(this.#slot(lane, next.group));
  }

  #slot(lane: Lane, group: string): Slot {
    let [held, ended] = [true, false];
    lane.begun += 1;
    this.#begunOf.change(group, 1);
    const giveUp = (): void => {
      if (!held) return;
      held = false;
      lane.held -= 1;
      this.#held -= 1;
      this.#queue(lane);
      this.#fill();
    };
    const patiently = async <T>(slow: Promise<T>): Promise<T> => {
      const timer = setTimeout(giveUp, this.#options.slowAfter);
      try {
        return await slow;
      } finally {
        clearTimeout(timer);
        if (!held) await this.#regain(lane);
        held = true;
      }
    };
    const end = (): void => {
      if (ended) return;
      ended = true;
      lane.begun -= 1;
      this.#begunOf.change(group, -1);
      giveUp();
      if (lane.begun === 0 && lane.size === 0) this.#lanes.delete(lane.name);
    };
    return { patiently, end };
  }

  #regain(lane: Lane): Promise<void> {
    return new Promise((resolve) => {
      lane.resuming.push(resolve);
      this.#wait(lane);
    });
  }
}

/** The next of the member whose turn it is. */
function nextOf({ members, turns }: Lane): Begin | undefined {
  const member = turns.shift();
  const begin = member?.line.shift();
  if (member === undefined) return undefined;
  if (member.line.size > 0) turns.push(member);
  else members.delete(member.key);
  return begin;
}
