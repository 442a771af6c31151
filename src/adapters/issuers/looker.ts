import type { DiscoveredAuthority } from '../../control/ports.ts';

export type Due = { readonly name: string; readonly authority: DiscoveredAuthority; /** Somebody waits for it. */ readonly wanted: boolean };

export type LookerOptions = {
  /** All that is looked at, when it is asked. */
  readonly due: () => readonly Due[];
  readonly find: (name: string) => DiscoveredAuthority | null;
  /** One was looked at, now or a moment ago. */
  readonly looked: (name: string) => void;
  readonly monotonic: () => number;
  readonly onBug: (error: unknown) => void;
};

export type Looker = {
  /** Looks at this one soon. */
  add(name: string): void;
  run(signal: AbortSignal): Promise<void>;
};

const TICK_MS = 1_000;
/** What somebody waits for is mended and served within five seconds. */
const WANTED_MS = 1_500;
const BROKEN_MS = 30_000;
/** For the metrics alone: before a certificate is signed it is looked at anyway. */
const WELL_MS = 300_000;
/** In one tick, so that a thousand broken issuers are no flood of calls. */
const MAX_LOOKS = 50;
const AT_ONCE = 8;

/** Looks at the Secrets of issuers: soon at what is new, again and again at what is wrong, now and then at the rest. */
export function looker({ due, find, looked, monotonic, onBug }: LookerOptions): Looker {
  const waiting = new Set<string>();
  let running = 0;
  let signal: AbortSignal | null = null;

  function next(): void {
    while (signal !== null && !signal.aborted && running < AT_ONCE) {
      const [name] = waiting;
      if (name === undefined) return;
      waiting.delete(name);
      running += 1;
      // Settles always: look catches everything.
      void look(name, signal).finally(() => {
        running -= 1;
        next();
      });
    }
  }

  async function look(name: string, within: AbortSignal): Promise<void> {
    try {
      await find(name)?.refresh(WANTED_MS / 2, within);
      looked(name);
    } catch (error) {
      if (!within.aborted) onBug(error);
    }
  }

  function tick(): void {
    let count = 0;
    for (const { name, authority, wanted } of due()) {
      const age = monotonic() - authority.lookedAt;
      const limit = authority.state().ready ? WELL_MS : wanted ? WANTED_MS : BROKEN_MS;
      if (age > limit && count < MAX_LOOKS) {
        waiting.add(name);
        count += 1;
      }
      // A CA begins to be valid, or ends, while nobody looks.
      looked(name);
    }
    next();
  }

  return {
    add(name) {
      waiting.add(name);
      next();
    },
    run: (until) =>
      new Promise((resolve) => {
        signal = until;
        const timer = setInterval(tick, TICK_MS);
        next();
        const stop = (): void => {
          clearInterval(timer);
          resolve();
        };
        if (until.aborted) stop();
        else until.addEventListener('abort', stop, { once: true });
      }),
  };
}
