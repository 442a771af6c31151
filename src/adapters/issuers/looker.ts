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
  const looking = new Set<string>();
  let signal: AbortSignal | null = null;

  function next(): void {
    while (signal !== null && !signal.aborted && looking.size < AT_ONCE) {
      // What changed while it was looked at is looked at once more, after that.
      const name = firstBeside(waiting, looking);
      if (name === undefined) return;
      waiting.delete(name);
      looking.add(name);
      // Settles always: look catches everything.
      void look(name, signal).finally(() => {
        looking.delete(name);
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
    const late: (Due & { readonly by: number })[] = [];
    for (const each of due()) {
      if (waiting.has(each.name) || looking.has(each.name)) continue;
      const limit = each.authority.state().ready ? WELL_MS : each.wanted ? WANTED_MS : BROKEN_MS;
      const by = monotonic() - each.authority.lookedAt - limit;
      if (by > 0) late.push({ ...each, by });
      // A CA begins to be valid, or ends, while nobody looks.
      looked(each.name);
    }
    // What somebody waits for first: a tenant may have made any number of broken issuers, each older than those of the others.
    late.sort((a, b) => Number(b.wanted) - Number(a.wanted) || b.by - a.by);
    for (const { name } of late.slice(0, MAX_LOOKS)) waiting.add(name);
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

function firstBeside(names: ReadonlySet<string>, without: ReadonlySet<string>): string | undefined {
  for (const name of names) if (!without.has(name)) return name;
  return undefined;
}
