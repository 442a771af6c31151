import { DEFAULT_LIMITS, type Limits } from '../core/limits.ts';
import { Breaker } from './breaker.ts';
import { isSpareDoor, newDoor, type Door } from './door.ts';

export type DoorsOptions = {
  /** Of the signers of the configuration, whose doors are kept: what is known of their CAs is for their operator. */
  readonly limits: ReadonlyMap<string, Limits>;
  readonly breaker?: (() => Breaker) | undefined;
  /** Called when what a door waited for may have come with time. */
  readonly onTime: (door: Door) => void;
};

/** Kept without need until there are so many: whoever may make Issuers can make, use and delete as many as there are names. */
const SPARE_DOORS = 256;

/** The doors of all signers, each made when it is first asked for. */
export class Doors {
  readonly #options: DoorsOptions;
  readonly #doors = new Map<string, Door>();
  #sweepAt = SPARE_DOORS;

  constructor(options: DoorsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#doors.size;
  }

  find(signer: string): Door | undefined {
    return this.#doors.get(signer);
  }

  /** `now` is of the clock of its limits, in milliseconds. */
  of(signer: string, now: number): Door {
    const found = this.#doors.get(signer);
    if (found !== undefined) return found;
    if (this.#doors.size >= this.#sweepAt) this.#sweep(now);
    const { limits, breaker, onTime } = this.#options;
    const door: Door = newDoor(signer, limits.get(signer) ?? DEFAULT_LIMITS, breaker?.() ?? new Breaker(), () => onTime(door));
    this.#doors.set(signer, door);
    return door;
  }

  values(): IterableIterator<Door> {
    return this.#doors.values();
  }

  /** As for rooms, the next sweep waits until there are twice as many as are needed. */
  #sweep(now: number): void {
    for (const each of this.#doors.values()) if (!this.#options.limits.has(each.signer) && isSpareDoor(each, now)) this.#doors.delete(each.signer);
    this.#sweepAt = Math.max(SPARE_DOORS, 2 * this.#doors.size);
  }
}
