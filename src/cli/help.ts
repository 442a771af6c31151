import type { Command, Option } from './command.ts';
import { style } from './style.ts';

/** The page of `signet help`. */
export function globalHelp(commands: readonly Pick<Command, 'name' | 'summary'>[], { colour = false }: { colour?: boolean } = {}): string {
  const { bold } = style(colour);
  return [
    'Signet signs the CertificateSigningRequests of a Kubernetes cluster: each tenant by its own CA, by its own policy.',
    '',
    `${bold('Usage:')} signet COMMAND [options]`,
    '',
    bold('Commands:'),
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    '',
    'signet help COMMAND tells the options of one. Exit code 0: yes; 1: no, or something was found; 2: could not tell.',
    'The configuration is -c FILE, or $SIGNET_CONFIG, or /etc/signet/signet.yaml.',
    '',
  ].join('\n');
}

/** The page of `signet help COMMAND`. */
export function commandHelp({ name, summary, help, options, positionals }: Command, { colour = false }: { colour?: boolean } = {}): string {
  const { bold } = style(colour);
  const rows = Object.entries(options).map(([key, option]): [string, string] => [optionText(key, option), descriptionText(option)]);
  return [
    `signet ${name}: ${summary}`,
    '',
    `${bold('Usage:')} ${['signet', name, positionals, '[options]'].filter(Boolean).join(' ')}`,
    '',
    help.trim(),
    '',
    bold('Options:'),
    ...columns([...rows, ['-h, --help', 'this page']]),
    '',
  ].join('\n');
}

function optionText(name: string, { type, short, value, choices }: Option): string {
  const long = `${short === undefined ? '    ' : `-${short}, `}--${name}`;
  return type === 'boolean' ? long : `${long} ${choices === undefined ? (value ?? 'VALUE') : choices.join('|')}`;
}

function descriptionText({ description, default: standard, multiple }: Option): string {
  return [description, ...(multiple === true ? ['may be repeated'] : []), ...(standard === undefined ? [] : [`default ${standard}`])].join('; ');
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
