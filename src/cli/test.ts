import type { Config } from '../config.ts';
import { decoded } from '../core/explain-request.ts';
import { parseRequest } from '../core/certificate-request.ts';
import { explain, type Explanation } from '../core/explain.ts';
import { defineCommand } from './command.ts';
import { asciiJson } from './explain/ascii.ts';
import { labelsFor } from './explain/flags.ts';
import { assumedFor } from './explain/found-issuer.ts';
import { CommandFailure } from './failure.ts';
import { configOption, loadConfig } from './options.ts';
import { printable } from './output.ts';
import { style, type Style } from './style.ts';
import { readCases, type PolicyCase } from './test/case-files.ts';
import { differences, type Difference } from './test/outcome.ts';

export const command = defineCommand({
  name: 'test',
  summary: 'run requests with expected verdicts through the policy',
  help: `
Reads every *.yaml below DIR: each document is a request and what the policy is to say to it. No cluster is needed, and no file of a
request either: what is described is made in memory.

  name: bar gets nothing from foo's CA
  request: { uris: ["spiffe://cluster.local/ns/bar/sa/app"] }
  signer: foo
  as: system:serviceaccount:istio-system:istiod
  expect: refused
  rule: namespace

  signet test -c signet.yaml policy-tests

Exit code 0: all as expected; 1: some are not; 2: something cannot be read, or there is no case.`,
  positionals: 'DIR…',
  options: {
    config: configOption,
    output: { type: 'string', short: 'o', choices: ['text', 'json'], default: 'text', description: 'how to print' },
  },
  run: async ({ values, positionals, env, stdout, now, signal, colour }) => {
    if (positionals.length === 0) throw new CommandFailure('name the folder of the cases', { hints: ['signet test -c signet.yaml DIR'] });
    const config = await loadConfig({ config: values.config, env, signal });
    const results: Result[] = [];
    for (const each of await readCases(positionals, config, signal)) {
      signal.throwIfAborted();
      const result = run(each, config, now());
      results.push(result);
      if (values.output !== 'json') stdout.write(line(result, style(colour)));
    }
    const failed = results.filter(({ ok }) => !ok).length;
    stdout.write(values.output === 'json' ? asciiJson({ passed: results.length - failed, failed, cases: results }) : count(results.length, failed, style(colour)));
    return failed === 0 ? 0 : 1;
  },
});

type Result = Pick<PolicyCase, 'file' | 'line' | 'name'> & { readonly ok: boolean; readonly differences: readonly Difference[]; readonly found: Pick<Explanation, 'verdict' | 'reason' | 'message' | 'violations' | 'certificate'> };

function run({ file, line: at, name, observed, labels, expected }: PolicyCase, config: Config, now: Date): Result {
  const namespaceLabels = labelsFor(decoded(parseRequest(observed.request)).workloads, labels);
  const explanation = explain({ observed, policy: config.policy, discovered: assumedFor(observed.signerName, config).discovered, namespaceLabels, authority: null, now });
  const found = differences(expected, explanation);
  const { verdict, reason, message, violations, certificate } = explanation;
  return { file, line: at, name, ok: found.length === 0, differences: found, found: { verdict, reason, message, violations, certificate } };
}

function line({ file, line: at, name, ok, differences: found, found: { message, verdict } }: Result, { red, green }: Style): string {
  const head = `${ok ? green('ok ') : red('NOT')}  ${printable(`${file}:${at}: ${name}`)}\n`;
  if (ok) return head;
  const hint = verdict === 'unknown' ? ['tell the labels of its namespaces: namespaceLabels: { foo: { tenant: a } }'] : [];
  return `${head}${[...found.map((each) => `${each.what}: expected ${each.expected}, found ${each.found}`), message, ...hint].map((text) => `     ${printable(text)}\n`).join('')}`;
}

function count(all: number, failed: number, { red, green }: Style): string {
  const cases = `${all} ${all === 1 ? 'case' : 'cases'}`;
  return failed === 0 ? `${green('ok:')} ${cases}, all as expected\n` : `${red('not as expected:')} ${failed} of ${cases}\n`;
}
