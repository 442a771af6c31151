import { connect } from '../adapters/kubernetes/connection.ts';
import type { CaPair } from '../adapters/authorities/pair.ts';
import { createLog } from '../adapters/log.ts';
import type { Config } from '../config.ts';
import { distinguishedNameText } from '../core/distinguished-name.ts';
import { durationText } from '../core/duration.ts';
import { keyName } from '../core/public-key.ts';
import { endOfPath } from '../core/ca-validity.ts';
import { readCas, type CaView } from './cas.ts';
import { signerNameOf } from '../core/discovered-issuer.ts';
import { clusterIssuersBySecret } from './cluster-issuers.ts';
import { defineCommand } from './command.ts';
import { readIssuers, type IssuerView } from './discovered-issuers.ts';
import { configOption, kubeconfigOption, loadConfig, namespaceOption, outputOption, ownNamespace } from './options.ts';
import { jsonText, tableText, yamlText } from './output.ts';
import { release } from './release.ts';
import { style } from './style.ts';
import { waitingRequests, type WaitingRequests } from './waiting-requests.ts';

export const command = defineCommand({
  name: 'signers',
  summary: 'show every signer with its CA, and what is wrong with it',
  help: `
Reads the CA of every configured signer from the cluster: subject, key, time to its end, chain, and its state:

  ready         it signs
  held          it signs; its Secret holds something else than the pair in use
  new           its Secret is good and not adopted yet
  expired       it, or a certificate above it, is over or nearly so
  unavailable   there is nothing to sign with, or it cannot be told apart from another signer's

SHARED names cert-manager's issuers of the same CA: another door to the same tenant ("?": not allowed to look). With discover.certManager the
issuers that are found follow, after the signers of the configuration; the exit code is not about them.
Requests that have had no answer for some seconds are counted below the table, with what Signet's Events say that they wait for. What Signet
does with them at the moment is in its metrics: signet_waiting_requests and signet_ca_paused.
Exit code 1 when a signer of the configuration is not ready or is shared.`,
  options: { config: configOption, kubeconfig: kubeconfigOption, output: outputOption, namespace: namespaceOption },
  run: async ({ values, env, stdout, stderr, now, signal, colour }) => {
    const config = await loadConfig({ config: values.config, env, signal });
    const log = createLog({ write: (line) => stderr.write(line), now, level: 'error', format: 'text' });
    const connection = await connect({ kubeconfig: values.kubeconfig, env, userAgent: `signet/${release.version}`, log });
    try {
      const [views, issuers] = await Promise.all([readCas({ connection, config, namespace: await ownNamespace(values.namespace), now: now(), signal }), clusterIssuersBySecret(connection, signal)]);
      const found = await readIssuers({ connection, config, cas: views, now: now(), signal });
      const configured = new Set(config.signers.map(({ name }) => name));
      const described = [
        ...views.map((view) => describe(view, now(), issuers === null || found === null ? null : sharing(view.signer, issuers, found, config))),
        ...(found ?? []).flatMap((view) => (view.authority === null || configured.has(signerNameOf(view.issuer.reference)) ? [] : [describe(caView(view), now(), [], true)])),
      ];
      const waiting = await waitingRequests(connection, described.map(({ name }) => name), signal);
      const rows = described.map((row) => ({ ...row, waiting: waiting?.get(row.name) ?? null }));
      if (found === null) stderr.write('signet: this user may not list the issuers of cert-manager, so those that are found are not shown\n');
      if (values.output === 'json') stdout.write(jsonText(rows));
      else if (values.output === 'yaml') stdout.write(yamlText(rows));
      else stdout.write(table(rows, { colour, now: now() }));
      return rows.every((row) => row.discovered || isWell(row)) ? 0 : 1;
    } finally {
      await connection.close();
    }
  },
});

type Row = Described & {
  /** null: not known. */
  readonly waiting: WaitingRequests | null;
};

type Described = {
  readonly name: string;
  /** An issuer of cert-manager that the configuration does not name. */
  readonly discovered: boolean;
  readonly subject: string | null;
  readonly key: string | null;
  /** RFC 3339; the earliest end on the path. */
  readonly expires: string | null;
  readonly expiresIn: string | null;
  /** Subjects from the issuing CA to the anchor. */
  readonly chain: readonly string[];
  readonly state: CaView['state'];
  /** ClusterIssuers of the same CA by name, and Issuers as NAMESPACE/NAME; null: not known. */
  readonly shared: readonly string[] | null;
  readonly why: string;
};

function isWell({ state, shared }: Row): boolean {
  return state === 'ready' && (shared?.length ?? 0) === 0;
}

/** The issuers that have the CA of a signer: by its Secret's name, or, where they are looked at, by their key. */
function sharing(signer: string, bySecret: ReadonlyMap<string, readonly string[]>, found: readonly IssuerView[], { signers }: Config): string[] {
  const secret = signers.find(({ name }) => name === signer)?.ca.secret.name ?? '';
  const byKey = found.flatMap(({ issuer: { reference }, authority }) => (authority?.rival === signer ? [reference.kind === 'Issuer' ? `${reference.namespace}/${reference.name}` : reference.name] : []));
  return [...new Set([...(bySecret.get(secret) ?? []), ...byKey])];
}

function caView({ issuer, authority }: IssuerView): Pick<CaView, 'signer' | 'state' | 'why'> & { readonly pair: Pick<CaPair, 'chain'> | null } {
  const signer = signerNameOf(issuer.reference);
  const state = authority?.state() ?? null;
  if (state?.ready !== true) return { signer, pair: null, state: state?.reason === 'CertificateAuthorityExpired' ? 'expired' : 'unavailable', why: state?.detail ?? state?.message ?? '' };
  const pair = state.authority;
  return issuer.ready ? { signer, pair, state: 'ready', why: '' } : { signer, pair, state: 'unavailable', why: 'cert-manager does not find it Ready: kubectl describe the issuer' };
}

function describe({ signer, pair, state, why }: ReturnType<typeof caView>, now: Date, shared: readonly string[] | null, discovered = false): Described {
  if (pair === null) return { name: signer, discovered, subject: null, key: null, expires: null, expiresIn: null, chain: [], state, shared, why };
  const chain = pair.chain.map(({ subject }) => distinguishedNameText(subject));
  const end = endOfPath(pair.chain);
  const left = (end.getTime() - now.getTime()) / 1000;
  const key = pair.chain[0] === undefined ? null : keyName(pair.chain[0].publicKey.algorithm);
  return { name: signer, discovered, subject: chain[0] ?? '', key, expires: end.toISOString(), expiresIn: left > 0 ? age(left) : 'over', chain, state, shared, why };
}

function table(rows: readonly Row[], { colour, now }: { colour: boolean; now: Date }): string {
  const { red, yellow, green } = style(colour);
  const cells = rows.map(({ name, subject, key, expiresIn, chain, state, shared }) => [name, subject ?? '-', key ?? '-', expiresIn ?? '-', chain.length === 0 ? '-' : chain.length === 1 ? 'root' : `${chain.length - 1} below root`, state, shared === null ? '?' : shared.map((name) => `${name.includes('/') ? 'Issuer' : 'ClusterIssuer'} ${name}`).join(', ') || '-']);
  const paint = (line: string, row: readonly string[] | null): string => {
    if (row === null) return line;
    if ((row[6] !== '-' && row[6] !== '?') || row[5] === 'unavailable' || row[5] === 'expired') return red(line);
    return row[5] === 'ready' ? green(line) : yellow(line);
  };
  const notes = rows.flatMap((row) => [...(row.why === '' ? [] : [row.why]), ...waitingNotes(row, now)].map((note) => `${row.name}: ${note}\n`));
  return tableText(['NAME', 'CA SUBJECT', 'KEY', 'EXPIRES IN', 'CHAIN', 'STATE', 'SHARED'], cells, paint) + (notes.length > 0 ? `\n${notes.join('')}` : '');
}

/** A request is answered in milliseconds: one that is younger than this need not wait for anything. */
const WAITS_SECONDS = 3;

function waitingNotes({ waiting }: Row, now: Date): string[] {
  if (waiting === null || waiting.since === null) return [];
  const seconds = (now.getTime() - Date.parse(waiting.since)) / 1000;
  if (seconds < WAITS_SECONDS) return [];
  const counts = [...(waiting.certificate > 0 ? [`${waiting.certificate} for a certificate`] : []), ...(waiting.approval > 0 ? [`${waiting.approval} for approval`] : [])];
  return [`${waiting.certificate + waiting.approval === 1 ? 'a request waits' : 'requests wait'}, ${counts.join(' and ')}, the oldest for ${age(seconds)}`, ...waiting.why];
}

/** Days where there are several, as nobody plans a CA's end in seconds. */
function age(seconds: number): string {
  return seconds >= 2 * 86_400 ? `${Math.floor(seconds / 86_400)}d` : durationText(seconds);
}
