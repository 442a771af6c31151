// The benchmark: npm run bench -- --help
import { writeFile } from 'node:fs/promises';
import { HELP, parseArguments, UsageError, type Arguments } from './arguments.ts';
import type { Contender } from './contender.ts';
import { CONTENDERS, isBuilt, QUICK } from './contenders.ts';
import { measure } from './measure.ts';
import { plot } from './plot.ts';
import { asText } from './report.ts';

process.exitCode = await main(process.argv.slice(2));
// After Ctrl-C a build may still be under way, and its end is not worth waiting for; what it started ends with this process.
if (process.exitCode === 1) process.exit();

async function main(args: readonly string[]): Promise<number> {
  try {
    const parsed = parseArguments(args);
    if (parsed !== null) return await run(parsed);
    process.stdout.write(HELP);
    return 0;
  } catch (error) {
    say(`bench: ${error instanceof Error ? error.message : String(error)}`);
    if (process.env['SIGNET_BENCH_STACK'] !== undefined && error instanceof Error) say(error.stack ?? '');
    return error instanceof UsageError ? 2 : 1;
  }
}

async function run({ quick, scenarios, contenders, rounds, json, plot: svg, cpuProfile }: Arguments): Promise<number> {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort(new Error(`stopped by ${name}`)));
  const { chosen, unbuilt } = await choose(contenders, quick);
  const results = await measure({ scenarios, contenders: chosen, quick, rounds, cpuProfile, say, signal: stopping.signal }).catch((error: unknown) => {
    // What ends because of the signal ends in many ways.
    throw stopping.signal.aborted ? stopping.signal.reason : error;
  });
  const all = { ...results, missing: [...results.missing, ...unbuilt] };
  if (json !== undefined) await writeFile(json, `${JSON.stringify(all, null, 2)}\n`);
  if (svg !== undefined) await writeFile(svg, plot(all));
  process.stdout.write(`\n${asText(all)}\n`);
  // Where everything is meant to be there, a table that lacks somebody is a failure.
  return process.env['CI'] === 'true' && all.missing.length > 0 ? 1 : 0;
}

/** A quick run takes what is built; a full one, and one that names its contenders, builds what is missing. */
async function choose(named: readonly Contender[] | undefined, quick: boolean): Promise<{ chosen: Contender[]; unbuilt: { name: string; why: string }[] }> {
  if (named !== undefined || !quick) return { chosen: [...(named ?? CONTENDERS)], unbuilt: [] };
  const built = await Promise.all(QUICK.map(isBuilt));
  const unbuilt = QUICK.filter((_, index) => !built[index]).map(({ name }) => ({ name, why: 'its program is not built; a full run builds it' }));
  for (const { name, why } of unbuilt) say(`without ${name}: ${why}`);
  return { chosen: QUICK.filter((_, index) => built[index]), unbuilt };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
