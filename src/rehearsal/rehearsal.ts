import { loadPair, type CaPair } from '../adapters/authorities/pair.ts';
import { signLocally } from '../adapters/authorities/local.ts';
import type { Connection } from '../adapters/kubernetes/connection.ts';
import { kubernetesRequests } from '../adapters/kubernetes/requests.ts';
import { createLog } from '../adapters/log.ts';
import { createMetrics } from '../adapters/metrics.ts';
import { createRecorder } from '../adapters/record/recorder.ts';
import { newCa } from '../adapters/webhook/serving-certificate.ts';
import { parseConfig } from '../config.ts';
import { caDesk } from '../control/ask-ca.ts';
import { Gate } from '../control/gate.ts';
import { issueLoop } from '../control/issue.ts';
import type { Authority, Log } from '../control/ports.ts';
import { Queue } from '../control/queue.ts';
import { requestingParty } from '../core/requesting-namespace.ts';
import { CONFIGURATION, scene, SIGNER } from './script.ts';
import { stage } from './stage.ts';

export type RehearsalOptions = {
  /** Certificates that are made and thrown away. */
  readonly rounds: number;
  /** Whether there is anything else to do: then the rehearsal waits. */
  readonly busy: () => boolean;
  readonly now: () => Date;
  readonly monotonic: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
};

/**
 * Makes certificates of nobody by a CA of nothing, through the very code that makes real ones, from the lines of a watch to the body of the write,
 * while there is nothing else to do. What V8 has not run often it interprets: the first five hundred certificates of a process took
 * three times the CPU of later ones, and the moment after a restart is the one at which hundreds wait. No byte of it leaves the
 * process: log, record, metrics and API server are its own. Resolves with how many were made; what goes wrong in it is thrown.
 */
export async function rehearse({ rounds, busy, now, monotonic, randomBytes }: RehearsalOptions, signal: AbortSignal): Promise<number> {
  const curtain = new AbortController();
  const ending = AbortSignal.any([signal, curtain.signal]);
  const config = parseConfig(CONFIGURATION);
  if (!config.ok) throw new Error(`the configuration of the rehearsal is wrong: ${JSON.stringify(config.problems)}`);
  const { policy, signers } = config.config;
  const log = createLog({ write: () => undefined, now });
  const { meter, record } = createMetrics({ signers: [SIGNER], version: 'rehearsal' });
  const theatre = stage({ rounds, scene, busy, signal: ending });
  const connection: Connection = { source: 'rehearsal', transport: theatre.transport, close: () => Promise.resolve() };

  const requests = kubernetesRequests({
    connection,
    log,
    serves: () => 'decide',
    onChanged: ({ name, signerName, state }) => {
      const observed = requests.get(name);
      if (observed !== undefined && state !== 'final') issuing.add(name, signerName, requestingParty(observed.requester));
      else gate.forget(name);
    },
    onPending: meter.pending,
    onSeen: () => meter.watched(now()),
  });
  const limits = new Map(signers.map((signer) => [signer.name, signer.limits]));
  const gate = new Gate({ limits, call: () => undefined, monotonic }, ending);
  const recorder = createRecorder({ log, now, version: 'rehearsal', file: null, meter: record });
  const authority = authorityOf(log, { now, randomBytes });
  const issuing = new Queue({ work: issueLoop({ policy, requests, authority: () => authority, desk: caDesk({ gate, limits, monotonic }), events: { emit: () => undefined }, recorder, log, meter, now, monotonic, randomBytes }), onBug: (_, error) => theatre.fail(error) }, ending);

  const running = requests.run(ending);
  try {
    return await theatre.played;
  } finally {
    curtain.abort();
    await running;
  }
}

function authorityOf(log: Log, { now, randomBytes }: Pick<RehearsalOptions, 'now' | 'randomBytes'>): Authority {
  const loaded = loadPair(newCa({ now: now(), randomBytes, seconds: 7 * 86_400 }), { anchor: 'root' });
  if (!loaded.ok) throw new Error(`the CA of the rehearsal is wrong: ${loaded.problem}`);
  const pair: CaPair = loaded.pair;
  log.debug('a CA for the rehearsal', { caSha256: pair.chain[0]?.fingerprint });
  return {
    signsHere: true,
    state: () => ({ ready: true, authority: { chain: pair.chain, anchor: pair.anchor }, held: null }),
    issue: (plan) => signLocally(plan, pair),
  };
}
