import { Refusal, Unavailable } from '../control/errors.ts';
import { parseArguments } from './arguments.ts';
import type { Command, Context, ExitCode } from './command.ts';
import { CommandFailure } from './failure.ts';
import { commandHelp, globalHelp } from './help.ts';
import { style, wantsColour } from './style.ts';
import { suggestion } from './suggestion.ts';
import { commandNames, loadCommand } from './table.ts';

/** The process around the command line; tests give their own. */
export type World = Pick<Context, 'env' | 'stdout' | 'stderr' | 'now' | 'signal'>;

/**
 * Runs one command line (without `node` and the file) and gives its exit code. Trouble becomes `signet: …` on stderr, with a line
 * on what to do next; what is thrown out of here is a bug.
 */
export async function runCli(argv: readonly string[], world: World): Promise<ExitCode> {
  try {
    return await dispatch(argv, world);
  } catch (error) {
    if (error instanceof CommandFailure) return complain(error.message, error.hints, error.exitCode, world);
    if (error instanceof Refusal || error instanceof Unavailable) return complain(error.message, [], 2, world);
    throw error;
  }
}

async function dispatch([first, ...rest]: readonly string[], world: World): Promise<ExitCode> {
  const colour = wantsColour(world.stdout, world.env);
  if (first === undefined) {
    world.stderr.write(await helpPage({ colour: wantsColour(world.stderr, world.env) }));
    return 2;
  }
  if (first === 'help' || first === '--help' || first === '-h') {
    const [name] = rest.filter((each) => !each.startsWith('-'));
    world.stdout.write(name === undefined ? await helpPage({ colour }) : commandHelp(await named(name), { colour }));
    return 0;
  }
  const command = await named(first === '--version' || first === '-v' ? 'version' : first);
  const { values, positionals, help } = parseArguments(rest, command);
  if (help) {
    world.stdout.write(commandHelp(command, { colour }));
    return 0;
  }
  return command.run({ ...world, values: values as Context['values'], positionals, colour });
}

async function named(name: string): Promise<Command> {
  const command = await loadCommand(name);
  if (command !== undefined) return command;
  if (name.startsWith('-')) throw new CommandFailure(`unknown option ${name}; options stand after the command`, { hints: ['signet help'] });
  const meant = suggestion(name, commandNames);
  throw new CommandFailure(`unknown command "${name}"`, { hints: [...(meant === null ? [] : [`did you mean "signet ${meant}"?`]), 'signet help'] });
}

async function helpPage(options: { colour: boolean }): Promise<string> {
  return globalHelp((await Promise.all(commandNames.map(loadCommand))).filter((command) => command !== undefined), options);
}

function complain(message: string, hints: readonly string[], exitCode: ExitCode, { stderr, env }: World): ExitCode {
  const { red, dim } = style(wantsColour(stderr, env));
  stderr.write(`${red('signet:')} ${message}\n${hints.map((hint) => `${dim('hint:')} ${hint}\n`).join('')}`);
  return exitCode;
}
