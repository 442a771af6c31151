import { median } from '../support/quantiles.ts';

/** One look from outside at the running program, at a moment under load. */
export type Sample = {
  /** Since the load began. */
  readonly seconds: number;
  /** Resident memory, in MB of 1,000,000 bytes. */
  readonly rss: number;
  /** Used heap in MB, with whatever garbage there is. */
  readonly heap: number;
  /** Open sockets of every kind. */
  readonly sockets: number;
  /** Timers that keep the process alive. */
  readonly timers: number;
  /** Requests that wait, as Signet counts them. */
  readonly pending: number;
};

/** The program at rest: every request answered, all garbage collected. What is there is kept on purpose, or leaked. */
export type Rest = {
  readonly heap: number;
  readonly sockets: number;
  readonly timers: number;
  readonly pending: number;
  /** Timers of more than a second in the heap, also those that do not keep the process alive: each pooled connection has one. */
  readonly liveTimers: number;
  /** Listeners on all AbortSignals: one that outlives its request holds on to all that the request held. */
  readonly abortListeners: number;
  /** Entries of all Maps, Sets and Arrays: whatever is kept of a request is an entry of one. */
  readonly entries: number;
  /** Open files of every kind but sockets. */
  readonly files: number;
  /** Lines of the metrics page. */
  readonly series: number;
};

export type Run = {
  readonly before: Rest;
  readonly samples: readonly Sample[];
  readonly after: Rest;
};

/** What a run may show. */
export type Bounds = {
  /** MB of heap more at rest after the load than before it. */
  readonly heapGrowth: number;
  /** Sockets more at rest: connections of which the pool has not let go yet. */
  readonly idleSockets: number;
  /** Lines of the metrics page more: what happened for the first time. */
  readonly newSeries: number;
  /** Entries of Maps, Sets and Arrays more. */
  readonly newEntries: number;
  /**
   * What is judged of the samples, from this minute to that. The rests then have to be equal but for entries and series: a socket less is a watch
   * that was lost. null: the run is too short to judge any of it.
   */
  readonly trend: { readonly from: number; readonly to: number; /** MB a minute. */ readonly rssSlope: number } | null;
};

/** At both ends of what is judged. A sample may meet a watch that is just being renewed, so it is the median of two dozen that counts. */
export const WINDOW_MINUTES = 2;

const NAMES = { sockets: 'open sockets', timers: 'active timers', liveTimers: 'timers in the heap', abortListeners: 'listeners on AbortSignals', entries: 'entries of Maps, Sets and Arrays', files: 'open files', series: 'lines of the metrics page' } as const;

/** What of a run tells of a leak, each in words with its figures; empty: nothing. */
export function findings({ before, samples, after }: Run, { heapGrowth, idleSockets, newSeries, newEntries, trend }: Bounds): string[] {
  const allowed = { sockets: idleSockets, timers: 0, liveTimers: idleSockets, abortListeners: 0, entries: newEntries, files: 0, series: newSeries };
  return [
    ...(after.pending === 0 ? [] : [`${after.pending} requests wait at rest, and all were answered`]),
    ...Object.entries(NAMES).flatMap(([key, name]) => {
      const what = key as keyof typeof NAMES;
      const exact = trend !== null && what !== 'entries' && what !== 'series';
      return differing(`${name} at rest`, before[what], after[what], { more: allowed[what], fewer: exact ? 0 : Infinity });
    }),
    ...(after.heap - before.heap <= heapGrowth ? [] : [`the heap at rest grew from ${before.heap.toFixed(2)} to ${after.heap.toFixed(2)} MB, and ${heapGrowth} MB more are allowed`]),
    ...(trend === null ? [] : trendFindings(samples, trend)),
  ];
}

/**
 * Sockets are not among it: under load the pool has as many connections as it had calls at once in the last minute, which is the machine's
 * business. At rest it has none, and then a single socket too many shows.
 */
function trendFindings(samples: readonly Sample[], { from, to, rssSlope }: NonNullable<Bounds['trend']>): string[] {
  const [first, last] = [between(samples, from, from + WINDOW_MINUTES), between(samples, to - WINDOW_MINUTES, to)];
  if (first.length === 0 || last.length === 0) return [`no samples around minute ${from} or minute ${to}`];
  const seen = slopePerMinute(between(samples, from, to), 'rss');
  return [
    ...(seen <= rssSlope ? [] : [`resident memory grows by ${seen.toFixed(3)} MB a minute, and ${rssSlope} are allowed`]),
    ...differing(`${NAMES.timers} under load at minutes ${from} and ${to}`, median(first.map(({ timers }) => timers)), median(last.map(({ timers }) => timers)), { more: 0, fewer: 0 }),
  ];
}

function differing(what: string, before: number, after: number, { more, fewer }: { more: number; fewer: number }): string[] {
  if (after <= before + more && after >= before - fewer) return [];
  return [`${what}: ${before}, then ${after}${more === 0 ? '' : `, and ${more} more are allowed`}`];
}

/** The samples from one minute up to another, without it. */
export function between(samples: readonly Sample[], from: number, to: number): Sample[] {
  return samples.filter(({ seconds }) => seconds >= from * 60 && seconds < to * 60);
}

/** The slope of the straight line with the least squares of distances; 0 for fewer than two samples. */
export function slopePerMinute(samples: readonly Sample[], what: 'rss' | 'heap'): number {
  const [times, values] = [samples.map(({ seconds }) => seconds / 60), samples.map((sample) => sample[what])];
  const [time, value] = [mean(times), mean(values)];
  const spread = sum(times.map((each) => (each - time) ** 2));
  return spread === 0 ? 0 : sum(times.map((each, i) => (each - time) * ((values[i] ?? 0) - value))) / spread;
}

/** Figure by figure, of several looks at one rest. */
export function medianRest(looks: readonly Rest[]): Rest {
  const of = (what: keyof Rest): number => median(looks.map((each) => each[what]));
  return { heap: of('heap'), sockets: of('sockets'), timers: of('timers'), pending: of('pending'), liveTimers: of('liveTimers'), abortListeners: of('abortListeners'), entries: of('entries'), files: of('files'), series: of('series') };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}
