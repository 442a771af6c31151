import { createHash } from 'node:crypto';
import type { Events, Log } from '../../control/ports.ts';
import { RateMeter } from '../../core/rate-meter.ts';
import { ApiFailure, isPassing } from './api-failure.ts';
import type { Connection } from './connection.ts';
import { recent } from './recent.ts';
import { sleep as realSleep, type Sleep } from './sleep.ts';
import { shares } from './shares.ts';
import type { WireEvent } from './wire.ts';
import { createOne } from './write-one.ts';

export type KubernetesEvents = Events & {
  /** Sends what is emitted until the signal is aborted; what waits then is dropped. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
};

export type KubernetesEventsOptions = {
  readonly connection: Connection;
  readonly log: Log;
  /** An Event was given up: the queue was full, the server did not take it, or the end came first. */
  readonly onDropped?: () => void;
  /** The pod's name, for `reportingInstance`. */
  readonly instance?: string;
  readonly now?: () => Date;
  readonly monotonic?: () => number;
  readonly sleep?: Sleep;
  readonly rate?: number;
  readonly burst?: number;
  readonly queueLimit?: number;
};

type About = Parameters<Events['emit']>[0];
type News = Parameters<Events['emit']>[1];
type Waiting = { readonly key: string; readonly body: WireEvent };

/** CertificateSigningRequests are cluster-wide, and Events about such objects live in `default` (client-go tools/record). */
const NAMESPACE = 'default';
const EVENTS_PATH = `/api/v1/namespaces/${NAMESPACE}/events`;

/** events.k8s.io/v1 takes notes up to 1024 characters, and every Event is readable through it. */
const MESSAGE_LENGTH = 1024;

/** Uids and reasons remembered: at 100 bytes or so each, less than half a megabyte. */
const REMEMBERED = 4096;

/**
 * Of one requester, signer and reason: so many at once and one more every five seconds. Events are written to etcd and sent to all who
 * watch them, so that a flood of refused requests would cost the API server twice, and nobody reads five thousand.
 */
const SHARE = { count: 1, seconds: 5, burst: 50 };

/**
 * Events for people, about CertificateSigningRequests: each reason once for a request, at most `rate` a second in all. The name of an Event
 * is made of the request's uid and the reason, so that a restart or a second replica does not tell it again, and because the
 * request's own name may hold what an Event's may not. An Event that cannot be sent is dropped and counted: nothing waits for it.
 */
export function kubernetesEvents(options: KubernetesEventsOptions): KubernetesEvents {
  const { connection, log, onDropped, instance = 'signet', now = () => new Date(), monotonic = () => performance.now(), sleep = realSleep, rate = 10, burst = 50, queueLimit = 500 } = options;
  const told = recent(REMEMBERED);
  const meter = new RateMeter({ count: rate, seconds: 1, burst });
  const share = shares({ rate: SHARE, monotonic });
  const queue: Waiting[] = [];
  let wake = (): void => undefined;

  function drop({ key, body }: Waiting, why: string): void {
    told.remove(key);
    onDropped?.();
    log.debug('an Event was dropped', { event: body.metadata.name, reason: body.reason, why });
  }

  async function send(waiting: Waiting, signal: AbortSignal): Promise<void> {
    for (let wait = meter.tryTake(monotonic()); wait > 0 && !signal.aborted; wait = meter.tryTake(monotonic())) await sleep(wait, signal);
    try {
      await createOne(connection, EVENTS_PATH, waiting.body, signal);
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 409) return;
      drop(waiting, error instanceof Error ? error.message : String(error));
      if (error instanceof ApiFailure && isPassing(error)) await sleep(PAUSE_MS, signal);
    }
  }

  return {
    emit(about, news) {
      const key = `${about.uid} ${news.reason}`;
      if (!told.add(key)) return;
      const waiting = { key, body: eventOf(about, news, key, instance, now()) };
      // A signer that does not exist may have any number of names.
      const of = news.reason === 'SignerNotFound' ? null : about.signerName;
      if (!share(JSON.stringify([of, about.requester.username, news.reason]))) drop(waiting, 'there are many like it');
      else if (queue.length >= queueLimit) drop(waiting, 'too many are waiting');
      else queue.push(waiting);
      wake();
    },
    async run(signal) {
      while (!signal.aborted) {
        const next = queue.shift();
        if (next !== undefined) await send(next, signal);
        else await awaken(signal, (resume) => (wake = resume));
      }
      for (const waiting of queue.splice(0)) drop(waiting, 'the process ends');
    },
  };
}

/** After an Event that the server could not take now, the next is not thrown after it at once. */
const PAUSE_MS = 1_000;

/** Resolves when `resume` is called or the signal is aborted. */
function awaken(signal: AbortSignal, onReady: (resume: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const resume = (): void => {
      signal.removeEventListener('abort', resume);
      resolve();
    };
    signal.addEventListener('abort', resume);
    onReady(resume);
  });
}

function eventOf(about: About, { type, reason, message }: News, key: string, instance: string, at: Date): WireEvent {
  return {
    metadata: { name: `signet.${createHash('sha256').update(key).digest('hex').slice(0, 32)}`, namespace: NAMESPACE },
    involvedObject: { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', name: about.name, uid: about.uid },
    type,
    reason,
    message: message.length > MESSAGE_LENGTH ? `${message.slice(0, MESSAGE_LENGTH - 1)}…` : message,
    source: { component: 'signet' },
    reportingComponent: 'signet',
    reportingInstance: instance,
    firstTimestamp: at.toISOString(),
    lastTimestamp: at.toISOString(),
    count: 1,
  };
}
