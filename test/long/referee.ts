import type { ClientRequest } from 'node:http';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import type { ControlPlane } from '../support/rig/apiserver.ts';
import type { Csr } from '../support/workloads.ts';

/**
 * Watches all CertificateSigningRequests beside the loads that make them, and so knows of each what was written to it, whatever anybody
 * says about it.
 */
export interface Referee extends Disposable {
  /** Settles once the request of this name has its certificate, which it may have already. Rejects after a minute, as istiod gives up then. */
  answered(name: string): Promise<void>;
  /** Requests that got their certificate. */
  readonly count: number;
  /** What went against the rule that each request is answered once and then left alone; empty: nothing. */
  readonly objections: readonly string[];
}

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
/** istio: security/pkg/k8s/chiron/utils.go, certWatchTimeout. */
const PATIENCE_MS = 60_000;

type Event = { readonly type: string; readonly object: Csr & { readonly metadata: { readonly resourceVersion: string } } };
type Waiter = { readonly resolve: () => void; readonly timer: NodeJS.Timeout };

export async function startReferee({ api, url, caPem, adminToken }: ControlPlane): Promise<Referee> {
  /** The requests that exist, each with its certificate once it has one. */
  const certificates = new Map<string, string | undefined>();
  const waiters = new Map<string, Waiter>();
  const objections: string[] = [];
  let count = 0;
  let over = false;

  function onEvent({ type, object: { metadata, status } }: Event): void {
    const { name } = metadata;
    const before = certificates.get(name);
    if (type === 'DELETED') {
      certificates.delete(name);
      if (before === undefined) objections.push(`${name} was deleted before it was answered`);
      return;
    }
    if (before !== undefined) objections.push(`${name} was written to after it was answered${status?.certificate === before ? '' : ', and has another certificate now'}`);
    certificates.set(name, status?.certificate);
    if (status?.certificate === undefined || before !== undefined) return;
    count += 1;
    const waiter = waiters.get(name);
    clearTimeout(waiter?.timer);
    waiters.delete(name);
    waiter?.resolve();
  }

  /** Goes on where the last one ended: when the machine is busy for long it reads too slowly, and the API server ends such a watch. */
  function follow(version: string): ClientRequest {
    let reached = version;
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${version}`;
    const headers = { authorization: `Bearer ${adminToken}` };
    const opened = request(new URL(`${CSRS}?${query}`, url), { ca: caPem, headers }, (response) => {
      const lines = createInterface({ input: response });
      // What breaks from now on closes the response too, and that is enough to know.
      opened.removeListener('error', onError);
      for (const each of [opened, response, lines]) each.on('error', () => undefined);
      lines.on('line', (line) => {
        const { type, object } = JSON.parse(line) as Event;
        if (response.statusCode !== 200 || type === 'ERROR') stop(line);
        else reached = object.metadata.resourceVersion;
        if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') onEvent({ type, object });
      });
      response.on('close', () => {
        if (!over) watch = follow(reached);
      });
    });
    const onError = (error: Error): void => stop(error.message);
    opened.on('error', onError).end();
    return opened;
  }

  function stop(why: string): void {
    if (!over) objections.push(`the referee cannot watch any more: ${why}`);
    over = true;
  }

  const { metadata } = await api.get<{ metadata: { resourceVersion: string } }>(`${CSRS}?limit=1`);
  let watch = follow(metadata.resourceVersion);

  return {
    objections,
    get count() {
      return count;
    },
    answered: (name) => {
      if (certificates.get(name) !== undefined) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiters.delete(name);
          reject(new Error(`${name} was not answered within ${PATIENCE_MS / 1000} s`));
        }, PATIENCE_MS);
        waiters.set(name, { resolve, timer });
      });
    },
    [Symbol.dispose]: () => {
      over = true;
      watch.destroy();
      for (const { timer } of waiters.values()) clearTimeout(timer);
    },
  };
}
