import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Contender } from './contender.ts';
import { CONTENDERS } from './contenders.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

export type Arguments = {
  readonly quick: boolean;
  readonly scenarios: readonly Scenario[];
  /** Absent: not said. */
  readonly contenders: readonly Contender[] | undefined;
  readonly rounds: number | undefined;
  readonly json: string | undefined;
  readonly plot: string | undefined;
  readonly cpuProfile: string | undefined;
};

/** A command line that means nothing; the message says what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command line as what is to be done, or null where help is asked for. Throws UsageError. */
export function parseArguments(args: readonly string[]): Arguments | null {
  const { values } = parsed(args);
  if (values.help) return null;
  const list = (text: string | undefined): string[] | undefined => text?.split(',').map((each) => each.trim()).filter(Boolean);
  return {
    quick: values.quick ?? false,
    scenarios: chosen('scenario', list(values.scenario), SCENARIOS, ({ id }) => id) ?? SCENARIOS.filter(({ inQuick }) => inQuick || !values.quick),
    contenders: chosen('contender', list(values.contender), CONTENDERS, ({ name }) => name),
    rounds: values.rounds === undefined ? undefined : wholeNumber(values.rounds),
    json: values.json,
    plot: values.plot,
    cpuProfile: values['cpu-prof'] === undefined ? undefined : resolve(values['cpu-prof']),
  };
}

export const HELP = `npm run bench -- [--quick] [--scenario a,b] [--contender signet,ceiling] [--rounds N] [--json FILE] [--plot FILE.svg] [--cpu-prof DIR]

Measures Signet beside other signers on a real kube-apiserver and etcd, in turns, and prints a table for each scenario.
Nothing else that works hard should run on the machine meanwhile.

  --quick           smaller sizes, fewer rounds, built contenders only: three to five minutes
  --scenario LIST   some scenarios only
  --contender LIST  some contenders only
  --rounds N        so many turns for each contender in every scenario
  --json FILE       write everything that was found
  --plot FILE       write a chart of the burst, as SVG
  --cpu-prof DIR    have Signet and the ceiling write CPU profiles (costs them some of their speed)
  --help            this text

Scenarios:
${SCENARIOS.map(({ id, title, inQuick }) => `  ${id}  ${title}${inQuick ? '' : ' (not in a quick run)'}`).join('\n')}
Contenders:
${CONTENDERS.map(({ name, about }) => `  ${name}: ${about}`).join('\n')}

Exit code 0: measured; 1: something failed, or with CI=true a contender could not be had; 2: the command line.
`;

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        scenario: { type: 'string' },
        contender: { type: 'string' },
        rounds: { type: 'string' },
        json: { type: 'string' },
        plot: { type: 'string' },
        'cpu-prof': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function chosen<T>(option: string, names: readonly string[] | undefined, all: readonly T[], nameOf: (item: T) => string): T[] | undefined {
  const unknown = names?.find((name) => !all.some((item) => nameOf(item) === name));
  if (unknown !== undefined) throw new UsageError(`--${option}: there is no "${unknown}"; there are ${all.map(nameOf).join(', ')}`);
  return names && all.filter((item) => names.includes(nameOf(item)));
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new UsageError(`--rounds: "${text}" is not a number from 1 to 999`);
  return Number(text);
}
