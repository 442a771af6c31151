import { problemText, type Config, type ParsedConfig, type Problem } from '../config.ts';
import { remarks } from '../config/remarks.ts';
import { namespaceRuleText } from '../core/namespace-claim.ts';
import type { Alternative } from '../core/signer.ts';
import { defineCommand, type Context, type ExitCode } from './command.ts';
import { configOption, readConfig } from './options.ts';
import { jsonText, tableText } from './output.ts';
import { style } from './style.ts';

export const command = defineCommand({
  name: 'check',
  summary: 'say whether a configuration is right, and every problem if not',
  help: `
Reads the configuration and prints every problem at once, each with its line and column: what contradicts itself and what can never
match. A note is about what is right and hardly meant, such as a namespace with two CAs. No cluster is needed. Exit code 0: it is right;
1: it is not, or, with --strict, there is a note; 2: it cannot be read.

  signet check -c signet.yaml
  signet check -c signet.yaml --strict

--schema prints the JSON Schema of the configuration, for editors.`,
  options: {
    config: configOption,
    schema: { type: 'boolean', description: 'print the JSON Schema (draft 2020-12) and read nothing' },
    strict: { type: 'boolean', description: 'a note is a problem: exit code 1' },
    output: { type: 'string', short: 'o', choices: ['text', 'json'], default: 'text', description: 'how to print' },
  },
  run: async (context) => {
    if (context.values.schema === true) return printSchema(context);
    const { file, parsed } = await readConfig({ ...context, config: context.values.config });
    if (context.values.output === 'json') context.stdout.write(jsonText(report(file, parsed)));
    else if (parsed.ok) printSigners(file, parsed, context);
    else printProblems(file, parsed, context);
    return parsed.ok && !(context.values.strict === true && notes(parsed).length > 0) ? 0 : 1;
  },
});

type Printer = Pick<Context, 'stdout' | 'colour'>;

async function printSchema({ stdout }: Printer): Promise<ExitCode> {
  const [{ configSchema }, { z }] = await Promise.all([import('../config/schema.ts'), import('zod')]);
  // The schema of what is written, before defaults and conversions.
  const schema = z.toJSONSchema(configSchema, { target: 'draft-2020-12', io: 'input' });
  stdout.write(jsonText({ title: 'Configuration of Signet (signet.yaml)', ...schema }));
  return 0;
}

function printProblems(file: string, { problems }: Extract<ParsedConfig, { ok: false }>, { stdout, colour }: Printer): void {
  const { red } = style(colour);
  for (const problem of problems) stdout.write(`${problemText(file, problem)}\n`);
  stdout.write(`${red(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`)} in ${file}\n`);
}

function printSigners(file: string, parsed: Extract<ParsedConfig, { ok: true }>, { stdout, colour }: Printer): void {
  const { config } = parsed;
  const { green, yellow } = style(colour);
  const rows = signerFacts(config).map(({ name, secret, approval, allow }) => [name, secret, approval, allow.join('; ') || 'nothing']);
  if (rows.length > 0) stdout.write(tableText(['SIGNER', 'CA SECRET', 'APPROVAL', 'ALLOWS'], rows));
  for (const note of notes(parsed)) stdout.write(`${file}:${note.line}:${note.column}: ${yellow('note:')} ${note.path === '' ? '' : `${note.path}: `}${note.message}\n`);
  stdout.write(`${green('ok:')} ${file} is right, ${rows.length} ${rows.length === 1 ? 'signer' : 'signers'}${discoveredText(config)}\n`);
}

function discoveredText({ discover: { certManager } }: Extract<ParsedConfig, { ok: true }>['config']): string {
  if (certManager === null) return '';
  const { allow, namespaces } = certManager;
  return ` and the CA issuers of cert-manager: ${allow.join(', ')}; ClusterIssuers${namespaces.length === 0 ? '' : `, Issuers of ${namespaces.join(', ')}`}`;
}

/** What is right and hardly meant, in the order of the file. */
function notes({ config, place }: Extract<ParsedConfig, { ok: true }>): Problem[] {
  return remarks(config)
    .map((remark) => ({ ...place(remark.path), ...remark }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

function report(file: string, parsed: ParsedConfig): object {
  return parsed.ok ? { file, ok: true, problems: [], notes: notes(parsed), signers: signerFacts(parsed.config) } : { file, ok: false, problems: parsed.problems, notes: [], signers: [] };
}

function signerFacts({ signers, policy }: Config): { name: string; secret: string; approval: string; allow: string[] }[] {
  return signers.flatMap(({ name, ca }) => {
    const signer = policy.signers.find((each) => each.name === name);
    return signer === undefined ? [] : [{ name, secret: `${ca.secret.namespace}/${ca.secret.name}`, approval: signer.approval, allow: signer.allow.map(alternativeText) }];
  });
}

/** What an alternative allows, in the words of the configuration: `namespaces foo`, `dnsNames *.istio-system.svc for 1 requester`. */
function alternativeText({ requesters, namespaces, serviceAccounts, dnsNames, ipAddresses, uris }: Alternative): string {
  const parts = [
    ...list('namespaces', namespaces?.map(namespaceRuleText) ?? []),
    ...list('serviceAccounts', serviceAccounts ?? []),
    ...list('dnsNames', dnsNames),
    ...(ipAddresses.length > 0 ? [`${ipAddresses.length} ipAddresses`] : []),
    ...list('uris', uris),
    ...(requesters === null ? [] : [`for ${requesters.length} ${requesters.length === 1 ? 'requester' : 'requesters'}`]),
  ];
  return parts.join(' ');
}

function list(noun: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${noun} ${names.join(',')}`];
}
