import { connect } from '../adapters/kubernetes/connection.ts';
import { createLog } from '../adapters/log.ts';
import { distinguishedNameText } from '../core/distinguished-name.ts';
import { durationText } from '../core/duration.ts';
import { keyName } from '../core/public-key.ts';
import { readCas, type CaView } from './cas.ts';
import { defineCommand } from './command.ts';
import { configOption, kubeconfigOption, loadConfig, outputOption } from './options.ts';
import { jsonText, tableText, yamlText } from './output.ts';
import { release } from './release.ts';
import { style } from './style.ts';

export const command = defineCommand({
  name: 'signers',
  summary: 'show every signer with its CA, and what is wrong with it',
  help: `
Reads the CA of every configured signer from the cluster: subject, key, time to its end, chain, and its state:

  ready         it signs
  new           its Secret is good and not adopted yet
  held          it signs; another pair is in its Secret and waits for a rotation
  expired       it, or a certificate above it, is over
  unavailable   there is nothing to sign with

SHARED names signers whose certificates the same verifiers accept: their tenants are not apart.
Exit code 1 when a signer is not ready or is shared.`,
  options: { config: configOption, kubeconfig: kubeconfigOption, output: outputOption, namespace: { type: 'string', short: 'n', value: 'NAME', default: 'signet-system', description: 'where Signet runs and keeps its own Secrets' } },
  run: async ({ values, env, stdout, stderr, now, signal, colour }) => {
    const config = await loadConfig({ config: values.config, env, signal });
    const log = createLog({ write: (line) => stderr.write(line), now, level: 'error', format: 'text' });
    const connection = await connect({ kubeconfig: values.kubeconfig, env, userAgent: `signet/${release.version}`, log });
    try {
      const rows = (await readCas({ connection, config, namespace: values.namespace ?? 'signet-system', signal })).map((view) => describe(view, now()));
      const bad = rows.some(({ state, shared }) => state !== 'ready' || shared.length > 0);
      if (values.output === 'json') stdout.write(jsonText(rows));
      else if (values.output === 'yaml') stdout.write(yamlText(rows));
      else stdout.write(table(rows, colour));
      return bad ? 1 : 0;
    } finally {
      await connection.close();
    }
  },
});

type Row = {
  readonly name: string;
  readonly subject: string | null;
  readonly key: string | null;
  /** RFC 3339; the earliest end on the path. */
  readonly expires: string | null;
  readonly expiresIn: string | null;
  /** Subjects from the issuing CA to the anchor. */
  readonly chain: readonly string[];
  readonly state: CaView['state'] | 'expired';
  readonly shared: readonly string[];
  readonly why: string;
};

function describe({ signer, pair, state, why, shared }: CaView, now: Date): Row {
  if (pair === null) return { name: signer, subject: null, key: null, expires: null, expiresIn: null, chain: [], state, shared, why };
  const chain = pair.chain.map(({ subject }) => distinguishedNameText(subject));
  const end = new Date(Math.min(...pair.chain.map(({ notAfter }) => notAfter.getTime())));
  const left = (end.getTime() - now.getTime()) / 1000;
  const key = pair.chain[0] === undefined ? null : keyName(pair.chain[0].publicKey.algorithm);
  return { name: signer, subject: chain[0] ?? '', key, expires: end.toISOString(), expiresIn: left > 0 ? age(left) : 'over', chain, state: left > 0 ? state : 'expired', shared, why };
}

function table(rows: readonly Row[], colour: boolean): string {
  const { red, yellow, green } = style(colour);
  const cells = rows.map(({ name, subject, key, expiresIn, chain, state, shared }) => [name, subject ?? '-', key ?? '-', expiresIn ?? '-', chain.length === 0 ? '-' : chain.length === 1 ? 'root' : `${chain.length - 1} below root`, state, shared.join(', ') || '-']);
  const paint = (line: string, row: readonly string[] | null): string => {
    if (row === null) return line;
    if (row[6] !== '-' || row[5] === 'unavailable' || row[5] === 'expired') return red(line);
    return row[5] === 'ready' ? green(line) : yellow(line);
  };
  const notes = rows.filter(({ why }) => why !== '').map(({ name, why }) => `${name}: ${why}\n`);
  return tableText(['NAME', 'CA SUBJECT', 'KEY', 'EXPIRES IN', 'CHAIN', 'STATE', 'SHARED'], cells, paint) + (notes.length > 0 ? `\n${notes.join('')}` : '');
}

/** Days where there are several, as nobody plans a CA's end in seconds. */
function age(seconds: number): string {
  return seconds >= 2 * 86_400 ? `${Math.floor(seconds / 86_400)}d` : durationText(seconds);
}
