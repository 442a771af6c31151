import { performance } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AuthorityState, Backlog, Meter, WaitsFor } from '../control/ports.ts';
import type { Reason } from '../core/reason.ts';
import type { RecordMeter } from './record/recorder.ts';

export type MetricsOptions = {
  /** The configured signers. Any other name becomes `other`: whoever may create a CSR chooses its signerName, and a label value is for ever. */
  readonly signers: readonly string[];
  readonly version: string;
  /** What waits, of each configured signer and each that is served beside them, when it is asked. */
  readonly backlog?: () => readonly Backlog[];
};

export type Metrics = {
  readonly meter: Meter;
  readonly record: RecordMeter;
  /** An Event was dropped for want of room or rate. */
  eventDropped(): void;
  /** The admission webhook let a request be created, or not. */
  reviewed(signer: string, verdict: 'allowed' | 'refused'): void;
  /** A signer that is not configured is served from now on, under its own name. */
  serve(signer: string): void;
  /** It is not any more: its series go, as whoever may make issuers could fill the memory otherwise. */
  forget(signer: string): void;
  /** Issuers that are not Signet's have the CA of this configured signer. */
  shared(signer: string, is: boolean): void;
  /** Somebody else wrote a certificate into a request that Signet was to answer. */
  foreign(signer: string): void;
  /** The page for a scraper that sent this Accept header: OpenMetrics where it asks for it, Prometheus' text otherwise. */
  page(accept: string | undefined): Promise<{ readonly contentType: string; readonly body: string }>;
};

/** The promise is 50 ms, so the buckets are dense around it; 30 s is half of what istiod waits. */
const ISSUE_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What a tenant's first request can come to. A series that starts with its first 1 shows no increase, so these start with 0. */
const EXPECTED: readonly { outcome: string; reason: Reason }[] = [
  { outcome: 'approved', reason: 'PolicyAllowed' },
  { outcome: 'issued', reason: 'PolicyAllowed' },
  ...(['denied', 'failed'] as const).flatMap((outcome) => (['PolicyViolation', 'InvalidRequest'] as const).map((reason) => ({ outcome, reason }))),
];

/** All metrics of one process, in a registry of their own, so that two in one process (tests) do not mix. Holds no timer. */
export function createMetrics({ signers, version, backlog = () => [] }: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({ name: 'signet_requests_total', help: 'Requests by decision', labelNames: ['signer', 'outcome', 'reason'], registers });
  const duration = new Histogram({ name: 'signet_issue_duration_seconds', help: 'From the Approved event to the answer of the API server', labelNames: ['signer'], buckets: ISSUE_SECONDS, registers });
  // Of signers that come and go it is counted anew each time: a request may be older than its signer.
  const pending: Gauge = new Gauge({ name: 'signet_pending_requests', help: 'Requests that wait for a decision or a certificate', labelNames: ['signer'], registers, collect: () => {
    for (const { signer, waiting } of backlog()) if (found.has(signer)) pending.set({ signer }, Object.values(waiting).reduce((sum, count) => sum + count, 0));
  } });
  const watched = new Gauge({ name: 'signet_watch_last_event_timestamp_seconds', help: 'When the watch of requests last heard anything', registers });
  const dropped = new Counter({ name: 'signet_events_dropped_total', help: 'Kubernetes Events that were not written, for want of room or rate', registers });
  const reviews = new Counter({ name: 'signet_webhook_reviews_total', help: 'Requests that the API server asked the admission webhook about', labelNames: ['signer', 'verdict'], registers });
  const sharing = new Gauge({ name: 'signet_ca_shared', help: 'Whether issuers that are not Signet\'s sign with the CA of the signer', labelNames: ['signer'], registers });
  const foreign = new Counter({ name: 'signet_foreign_certificates_total', help: 'Requests of the signer that somebody else answered with a certificate', labelNames: ['signer'], registers });
  const bugs = new Counter({ name: 'signet_bugs_total', help: 'Things that should not happen, by place; each has a line in the log', labelNames: ['where'], registers });
  new Gauge({ name: 'signet_build_info', help: 'The version that runs', labelNames: ['version'], registers }).set({ version }, 1);
  const authorities = authorityGauges(registers);
  const bundle = bundleGauge(registers);
  const waiting = backlogGauges(registers, backlog);
  processMetrics(registers);

  requests.inc({ signer: 'other', outcome: 'unserved', reason: 'SignerNotFound' }, 0);
  /** Signers that are not configured and served, each with the labels of its decisions. */
  const found = new Map<string, Map<string, Record<string, string>>>();
  const configured = new Set(signers);
  const label = (signer: string): string => (configured.has(signer) || found.has(signer) ? signer : 'other');
  for (const signer of signers) {
    for (const expected of EXPECTED) requests.inc({ signer, ...expected }, 0);
    duration.zero({ signer });
    pending.set({ signer }, 0);
  }
  const meter: Meter = {
    decided(signer, outcome, reason) {
      found.get(signer)?.set(`${outcome} ${reason}`, { signer, outcome, reason });
      requests.inc({ signer: label(signer), outcome, reason });
    },
    issued: (signer, seconds) => duration.observe({ signer: label(signer) }, seconds),
    pending(signer, change) {
      if (configured.has(signer)) pending.inc({ signer }, change);
    },
    authority: (signer, state) => authorities.show(label(signer), state),
    bundle: (signer, sha256) => bundle(label(signer), sha256),
    watched: (at) => watched.set(at.getTime() / 1000),
    bug: (where) => bugs.inc({ where }),
  };
  return {
    meter,
    record: recordMeter(registers),
    eventDropped: () => dropped.inc(),
    reviewed: (signer, verdict) => reviews.inc({ signer: label(signer), verdict }),
    serve(signer) {
      if (!configured.has(signer) && !found.has(signer)) found.set(signer, new Map());
    },
    forget(signer) {
      for (const labels of found.get(signer)?.values() ?? []) requests.remove(labels);
      if (configured.has(signer)) return;
      // Whether or not it was ever served: a page may have been made of it before.
      found.delete(signer);
      for (const each of [duration, pending, foreign]) each.remove({ signer });
      waiting.forget(signer);
      authorities.forget(signer);
    },
    shared: (signer, is) => sharing.set({ signer }, is ? 1 : 0),
    foreign: (signer) => foreign.inc({ signer: label(signer) }),
    page: async (accept) => {
      const text = await registry.metrics();
      if (!accept?.includes('application/openmetrics-text')) return { contentType: Registry.PROMETHEUS_CONTENT_TYPE, body: text };
      return { contentType: Registry.OPENMETRICS_CONTENT_TYPE, body: openMetrics(text) };
    },
  };
}

function authorityGauges(registers: Registry[]): { show: (signer: string, state: AuthorityState) => void; forget: (signer: string) => void } {
  const ready = new Gauge({ name: 'signet_ca_ready', help: 'Whether the CA of the signer can sign', labelNames: ['signer'], registers });
  const held = new Gauge({ name: 'signet_ca_held', help: 'Whether another key pair waits in the source for a rotation', labelNames: ['signer'], registers });
  const expiration = new Gauge({ name: 'signet_ca_expiration_timestamp_seconds', help: 'End of validity of each certificate of the CA\'s chain', labelNames: ['signer', 'certificate'], registers });
  const shown = new Map<string, readonly string[]>();
  return {
    show(signer, state) {
      ready.set({ signer }, state.ready ? 1 : 0);
      // An expired CA keeps its last known date, which is what an alert on it needs.
      if (!state.ready) return;
      held.set({ signer }, state.held === null ? 0 : 1);
      const { chain } = state.authority;
      const names = chain.map((_, i) => (i === 0 ? 'issuer' : i === chain.length - 1 ? 'root' : `intermediate-${i}`));
      for (const certificate of shown.get(signer) ?? []) if (!names.includes(certificate)) expiration.remove({ signer, certificate });
      names.forEach((certificate, i) => expiration.set({ signer, certificate }, (chain[i]?.notAfter.getTime() ?? 0) / 1000));
      shown.set(signer, names);
    },
    forget(signer) {
      for (const gauge of [ready, held]) gauge.remove({ signer });
      for (const certificate of shown.get(signer) ?? []) expiration.remove({ signer, certificate });
      shown.delete(signer);
    },
  };
}

/** Counted when they are asked for: what waits changes with every step of every request. */
function backlogGauges(registers: Registry[], backlog: () => readonly Backlog[]): { forget: (signer: string) => void } {
  const waiting: Gauge = new Gauge({ name: 'signet_waiting_requests', help: 'Requests that wait, by what they wait for', labelNames: ['signer', 'why'], registers, collect: () => {
    for (const { signer, waiting: counts } of backlog()) for (const [why, count] of Object.entries(counts)) waiting.set({ signer, why }, count);
  } });
  const paused: Gauge = new Gauge({ name: 'signet_ca_paused', help: 'Whether the CA of the signer is left alone for a while, as it failed too often', labelNames: ['signer'], registers, collect: () => {
    for (const each of backlog()) paused.set({ signer: each.signer }, each.paused ? 1 : 0);
  } });
  return {
    forget(signer) {
      for (const why of WAITS_FOR) waiting.remove({ signer, why });
      paused.remove({ signer });
    },
  };
}

const WAITS_FOR: readonly WaitsFor[] = ['turn', 'rate', 'concurrency', 'ca', 'retry', 'approval'];

/** One series for each signer: the hash that was published before is taken away. */
function bundleGauge(registers: Registry[]): (signer: string, sha256: string) => void {
  const info = new Gauge({ name: 'signet_bundle_info', help: 'SHA-256 of the trust bundle that was published last', labelNames: ['signer', 'sha256'], registers });
  const last = new Map<string, string>();
  return (signer, sha256) => {
    const before = last.get(signer);
    if (before !== undefined && before !== sha256) info.remove({ signer, sha256: before });
    info.set({ signer, sha256 }, 1);
    last.set(signer, sha256);
  };
}

function recordMeter(registers: Registry[]): RecordMeter {
  const entries = new Gauge({ name: 'signet_record_entries', help: 'Number of the last entry in the file of the record', registers });
  const head = new Gauge({ name: 'signet_record_head_info', help: 'Where the record stood a minute ago or less: number and hash of an entry', labelNames: ['entries', 'hash'], registers });
  const failing = new Gauge({ name: 'signet_record_failing', help: 'Whether the file of the record cannot be written', registers });
  const lost = new Counter({ name: 'signet_record_lost_total', help: 'Entries that the file of the record lacks, as it could not be written for long', registers });
  return {
    entries: (count) => entries.set(count),
    head({ count, hash }) {
      head.reset();
      head.set({ entries: count, hash }, 1);
    },
    failing: (is) => failing.set(is ? 1 : 0),
    lost: () => lost.inc(),
  };
}

/**
 * CPU, memory and event loop, measured when asked. Not prom-client's own set: its observers of garbage collection and of the event
 * loop cannot be stopped (https://github.com/prometheus/client_js/issues/500).
 */
function processMetrics(registers: Registry[]): void {
  const cpu: Counter = new Counter({ name: 'process_cpu_seconds_total', help: 'CPU time, user and system', registers, collect: () => {
    const { user, system } = process.cpuUsage();
    cpu.reset();
    cpu.inc((user + system) / 1e6);
  } });
  const gauge = (name: string, help: string, value: () => number) => {
    const each: Gauge = new Gauge({ name, help, registers, collect: () => each.set(value()) });
  };
  gauge('process_start_time_seconds', 'When the process started', () => performance.timeOrigin / 1000);
  gauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_used_bytes', 'Used part of the heap', () => process.memoryUsage().heapUsed);
  const resources: Gauge = new Gauge({ name: 'nodejs_active_resources', help: 'What keeps the process alive, by type: timers, sockets, servers', labelNames: ['type'], registers, collect: () => {
    resources.reset();
    for (const type of process.getActiveResourcesInfo()) resources.inc({ type });
  } });
  let before = performance.eventLoopUtilization();
  gauge('nodejs_eventloop_utilization', 'Share of time the event loop was busy since the last scrape', () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  });
}

/**
 * prom-client's own OpenMetrics mode renames the counters themselves, so that a scraper with the other format would then miss
 * `_total`. The formats differ by little: a counter's family goes without the suffix, no empty lines, an end mark.
 */
function openMetrics(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  const counters = new Set(lines.flatMap((line) => /^# TYPE (\S+)_total counter$/.exec(line)?.[1] ?? []));
  const family = (line: string) => line.replace(/^# (HELP|TYPE) (\S+)_total /, (whole, kind: string, name: string) => (counters.has(name) ? `# ${kind} ${name} ` : whole));
  return `${lines.map(family).join('\n')}\n# EOF\n`;
}
