import { connect } from '../adapters/kubernetes/connection.ts';
import { createLog } from '../adapters/log.ts';
import type { Config } from '../config.ts';
import { parseRequest } from '../core/certificate-request.ts';
import { decoded } from '../core/explain-request.ts';
import { asksForLabels } from '../core/explain.ts';
import { DEFAULT_USAGES } from '../core/usage.ts';
import { defineCommand, type Context } from './command.ts';
import { asciiJson, asciiYaml } from './explain/ascii.ts';
import { requestFromCluster } from './explain/cluster-request.ts';
import { annotationsFlag, expirationFlag, labelsFlag, labelsFor, listFlag, signerFlag, usagesFlag } from './explain/flags.ts';
import { assumedFor } from './explain/found-issuer.ts';
import { readInput } from './explain/input.ts';
import { exitCode, report, type ReportInput } from './explain/report.ts';
import { requestFromFile } from './explain/request-file.ts';
import { explanationText } from './explain/text.ts';
import { CommandFailure } from './failure.ts';
import { configOption, kubeconfigOption, loadConfig, namespaceOption, ownNamespace } from './options.ts';
import { release } from './release.ts';

const OFFLINE = {
  signer: { type: 'string', value: 'SIGNER', description: 'with -f: the signer it is for' },
  as: { type: 'string', value: 'USER', description: 'with -f: who asks, as the API server reports it' },
  groups: { type: 'string', value: 'A,B', description: 'with -f: the groups of that user' },
  usages: { type: 'string', value: 'A,B', description: 'with -f: spec.usages; default those of Istio' },
  annotations: { type: 'string', multiple: true, value: 'KEY=VALUE', description: 'with -f: an annotation of the request' },
  expiration: { type: 'string', value: 'DURATION', description: 'with -f: spec.expirationSeconds, as a duration' },
  approved: { type: 'boolean', description: 'with -f: somebody has approved it' },
  'namespace-labels': { type: 'string', multiple: true, value: 'NS:KEY=VALUE,…', description: 'with -f: the labels of a namespace' },
} as const;

const OPTIONS = {
  config: configOption,
  file: { type: 'string', short: 'f', value: 'FILE', description: 'a request that is in no cluster; - for stdin' },
  ...OFFLINE,
  output: { type: 'string', short: 'o', choices: ['text', 'json', 'yaml'], default: 'text', description: 'how to print' },
  kubeconfig: kubeconfigOption,
  namespace: namespaceOption,
} as const;

export const command = defineCommand({
  name: 'explain',
  summary: 'say how a request is decided, and why',
  help: `
Decodes one CertificateSigningRequest and runs the configured policy on it, as "run" does: what it asks for, each rule that it breaks, each
entry of "allow" and why it fits or not, what Signet does about it, the certificate that would be issued, and which of the other
signers would allow the very same request. For operators: it names all signers, which requesters are never told.

  signet explain csr-workload-x7f2p
  signet explain -f csr.pem --signer foo --as system:serviceaccount:istio-system:istiod

NAME is in the cluster, whatever signer it is for and however it was decided; a decision that the configuration of today would not
take is pointed out. With -f no cluster is asked: FILE is PEM, DER, or a CertificateSigningRequest in YAML or JSON, which brings signer,
requester and usages with it. Where rules ask for labels of namespaces, tell them by --namespace-labels.
Exit code 0: it would be signed, or was; 1: it would not, or was not; 2: could not tell.`,
  positionals: '[NAME]',
  options: OPTIONS,
  run: async (context) => {
    const { values, positionals: [name, ...more], env, stdout, signal, colour } = context;
    if ((name === undefined) === (values.file === undefined) || more.length > 0) throw new CommandFailure('name one request, or a file with -f', { hints: ['signet explain NAME', 'signet explain -f FILE --signer SIGNER --as USER'] });
    const surplus = name === undefined ? undefined : Object.keys(OFFLINE).find((option) => values[option as keyof typeof OFFLINE] !== undefined);
    if (surplus !== undefined) throw new CommandFailure(`--${surplus} goes with -f: a request in the cluster has its own`);
    if (values.file === '-' && values.config === '-') throw new CommandFailure('-c - and -f - both read stdin; put one of them into a file');
    const config = await loadConfig({ config: values.config, env, signal });
    const told = await report(name === undefined ? await fromFile(values.file ?? '-', config, context) : await fromCluster(name, config, context));
    stdout.write(values.output === 'json' ? asciiJson(told) : values.output === 'yaml' ? asciiYaml(told) : explanationText(told, { colour }));
    return exitCode(told);
  },
});

type Given = Pick<Context<typeof OPTIONS>, 'values' | 'env' | 'stderr' | 'now' | 'signal'>;

async function fromFile(file: string, config: Config, { values, now, signal }: Given): Promise<ReportInput> {
  const name = file === '-' ? '<stdin>' : file;
  const told = {
    signerName: signerFlag(values.signer, config),
    username: values.as,
    groups: listFlag(values.groups),
    usages: usagesFlag(values.usages),
    annotations: annotationsFlag(values.annotations),
    expirationSeconds: expirationFlag(values.expiration),
    approved: values.approved === true,
  };
  const labels = labelsFlag(values['namespace-labels']);
  const { observed, wire, missing } = requestFromFile(await readInput(file, 'request', signal), name, told);
  if (missing.includes('signer')) throw new CommandFailure(`"${name}" does not say which signer it is for: add --signer`, { hints: [`its signers are ${config.signers.map((each) => each.name).join(', ') || 'none'}`] });
  if (missing.includes('requester')) throw new CommandFailure(`"${name}" does not say who asks, and nothing is decided without: add --as USER`, { hints: config.policy.requesters.map(({ user }) => `--as ${user}`) });
  const asked = missing.includes('usages') ? { ...observed, usages: DEFAULT_USAGES } : observed;
  const { policy } = config;
  const known = labelsFor(decoded(parseRequest(asked.request)).workloads, labels);
  const assumed = assumedFor(asked.signerName, config);
  const notes = [
    ...assumed.notes,
    ...(missing.includes('usages') ? [`no usages were told: ${DEFAULT_USAGES.join(', ')} are taken, as Istio asks for them`] : []),
    ...(known === null && asksForLabels(policy) ? ['labels of its namespaces were not told (--namespace-labels), so nothing that asks for them can be decided'] : []),
    'no cluster was asked: the CA may make the lifetime shorter, or not be there',
  ];
  return { source: { kind: 'file', name }, wire, observed: asked, policy, namespaceLabels: known, authority: null, discovered: assumed.discovered, notes, now: now() };
}

async function fromCluster(name: string, config: Config, { values, env, stderr, now, signal }: Given): Promise<ReportInput> {
  const log = createLog({ write: (line) => stderr.write(line), now, level: 'error', format: 'text' });
  const connection = await connect({ kubeconfig: values.kubeconfig, env, userAgent: `signet/${release.version}`, log });
  try {
    return await requestFromCluster(name, { connection, config, namespace: await ownNamespace(values.namespace), now: now(), signal });
  } finally {
    await connection.close();
  }
}
