import { parseArgs } from 'node:util';
import type { Command, Option, Options } from './command.ts';
import { CommandFailure } from './failure.ts';
import { suggestion } from './suggestion.ts';

export type Arguments = { readonly values: Readonly<Record<string, string | boolean | readonly string[]>>; readonly positionals: readonly string[]; readonly help: boolean };

/**
 * Takes apart what stands after the command. Throws CommandFailure for an unknown option (with the one that was meant, if one is
 * near), a missing or surplus value, a value that is not among the choices, an unexpected argument, an option given twice.
 */
export function parseArguments(args: readonly string[], { name, options, positionals: expected }: Command): Arguments {
  const known: Options = { ...options, help: { type: 'boolean', short: 'h', description: '' } };
  const hints = [`signet help ${name}`];
  const fail = (message: string, more: readonly string[] = []): never => {
    throw new CommandFailure(message, { hints: [...more, ...hints] });
  };
  const config = Object.fromEntries(Object.entries(known).map(([key, { type, short }]) => [key, { type, ...(short === undefined ? {} : { short }) }]));
  // Not strict: its messages cannot say which option was meant.
  const { tokens } = parseArgs({ args: [...args], options: config, strict: false, tokens: true });

  const values: Record<string, string | boolean | readonly string[]> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = known[token.name];
    if (option === undefined) throw unknownOption(token.rawName, name, known);
    const value = valueOf(token, option, fail);
    if (typeof value === 'string' && option.multiple === true) values[token.name] = [...((values[token.name] as readonly string[] | undefined) ?? []), value];
    else if (values[token.name] === undefined || value === true) values[token.name] = value;
    else fail(`${token.rawName} is given twice`);
  }
  const help = values['help'] === true;
  if (expected === undefined && positionals.length > 0 && !help) fail(`unexpected argument "${positionals[0]}": "${name}" takes none`);
  for (const [key, option] of Object.entries(options)) if (values[key] === undefined && option.default !== undefined) values[key] = option.default;
  return { values, positionals, help };
}

function unknownOption(rawName: string, command: string, known: Options): CommandFailure {
  const meant = suggestion(rawName.replace(/^-+/, ''), Object.keys(known));
  return new CommandFailure(`unknown option ${rawName} for "${command}"`, { hints: [...(meant === null ? [] : [`did you mean --${meant}?`]), `signet help ${command}`] });
}

function valueOf(token: { rawName: string; value?: string | undefined; inlineValue?: boolean | undefined }, option: Option, fail: (message: string, hints?: readonly string[]) => never): string | true {
  const { rawName, value } = token;
  if (option.type === 'boolean') return value === undefined ? true : fail(`${rawName} takes no value, found "${value}"`);
  // `--config --verbose` is a forgotten value rather than a file of that name; `-` alone is stdin.
  if (value === undefined || (token.inlineValue !== true && /^-./.test(value))) return fail(`${rawName} needs a value${option.choices === undefined ? '' : `: ${option.choices.join(', ')}`}`);
  if (value === '') return fail(`${rawName} needs a value, found an empty one`);
  if (option.choices !== undefined && !option.choices.includes(value)) {
    const meant = suggestion(value, option.choices);
    return fail(`${rawName} must be ${option.choices.join(', ')}; found "${value}"`, meant === null ? [] : [`did you mean ${meant}?`]);
  }
  return value;
}
