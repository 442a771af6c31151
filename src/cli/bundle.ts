import { connect } from '../adapters/kubernetes/connection.ts';
import { createLog } from '../adapters/log.ts';
import { bundleFingerprint, bundlePem } from '../core/bundle.ts';
import { caCertificatesText } from '../core/mesh.ts';
import type { Config } from '../config.ts';
import { readCas, type CaView } from './cas.ts';
import { defineCommand } from './command.ts';
import { CommandFailure } from './failure.ts';
import { configOption, kubeconfigOption, loadConfig, namespaceOption, ownNamespace } from './options.ts';
import { jsonText } from './output.ts';
import { release } from './release.ts';

export const command = defineCommand({
  name: 'bundle',
  summary: 'print trust bundles: what verifiers of a signer\'s certificates trust',
  help: `
Prints the trust bundle of one signer, or of all, as it is in use: as PEM, as the caCertificates of Istio's mesh configuration, or as
JSON with the SHA-256 of each bundle.

  signet bundle foo
  signet bundle --all -o istio

Exit code 1 when a signer asked for has no CA in use: what is printed for it, if anything, is what it would be.`,
  options: {
    config: configOption,
    kubeconfig: kubeconfigOption,
    all: { type: 'boolean', description: 'every signer' },
    output: { type: 'string', short: 'o', choices: ['pem', 'istio', 'json'], default: 'pem', description: 'how to print' },
    namespace: namespaceOption,
  },
  positionals: '[SIGNER…]',
  run: async ({ values, positionals, env, stdout, stderr, now, signal }) => {
    if ((values.all === true) === positionals.length > 0) throw new CommandFailure('name the signers to print, or --all', { hints: ['signet signers'] });
    const config = await loadConfig({ config: values.config, env, signal });
    const names = values.all === true ? config.signers.map(({ name }) => name) : positionals.map((text) => signerNamed(text, config));
    const log = createLog({ write: (line) => stderr.write(line), now, level: 'error', format: 'text' });
    const connection = await connect({ kubeconfig: values.kubeconfig, env, userAgent: `signet/${release.version}`, log });
    try {
      const views = (await readCas({ connection, config, namespace: await ownNamespace(values.namespace), now: now(), signal })).filter(({ signer }) => names.includes(signer)).sort((a, b) => (a.signer < b.signer ? -1 : 1));
      const unsure = views.filter(({ state }) => state === 'new' || state === 'unavailable');
      for (const { signer, why } of unsure) stderr.write(`signet: ${signer}: ${why}\n`);
      stdout.write(print(views, values.output ?? 'pem'));
      return unsure.length > 0 ? 1 : 0;
    } finally {
      await connection.close();
    }
  },
});

/** The full name, or its last part, after the slash or a dot, where only one signer has it. */
export function signerNamed(text: string, { signers }: Pick<Config, 'signers'>): string {
  const found = signers.filter(({ name }) => name === text || name.endsWith(`/${text}`) || name.endsWith(`.${text}`));
  const exact = signers.find(({ name }) => name === text) ?? found[0];
  if (exact !== undefined && (found.length === 1 || exact.name === text)) return exact.name;
  const problem = found.length > 1 ? `"${text}" could be ${found.map(({ name }) => name).join(' or ')}` : `there is no signer "${text}" in the configuration`;
  throw new CommandFailure(problem, { hints: [`its signers are ${signers.map(({ name }) => name).join(', ') || 'none'}`] });
}

function print(views: readonly CaView[], form: string): string {
  const bundles = views.flatMap(({ signer, pair }) => (pair === null ? [] : [{ signer, anchors: [pair.anchor] }]));
  switch (form) {
    case 'istio':
      return caCertificatesText(bundles.map(({ signer, anchors }) => ({ pem: bundlePem(anchors), certSigners: [signer] })));
    case 'json':
      return jsonText(bundles.map(({ signer, anchors }) => ({ signer, sha256: bundleFingerprint(anchors), pem: bundlePem(anchors) })));
    default:
      return bundles.map(({ anchors }) => bundlePem(anchors)).join('');
  }
}
