import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agrees, stable, type Step } from '../markdown.ts';
import { until } from '../rig/until.ts';
import type { PlayedCluster } from './cluster.ts';
import type { Printed, Shell } from './shell.ts';

/** Where a document's commands run. */
export type Place = { readonly shell: Shell; readonly cluster: PlayedCluster; /** Of the shell. */ readonly folder: string };

/** A line of a document that does not run as it stands. */
export type Played<P extends Place> = {
  readonly command: RegExp;
  /** What happens instead, for people. */
  readonly instead: string;
  /** Resolves with what is printed. */
  readonly play: (place: P, match: RegExpExecArray) => Promise<string>;
};

/** Commands that only look: what they show may take a moment to be so. */
const LOOKS = /^(kubectl get|kubectl logs|signet signers)\b/;

/** Runs one step as a reader would, and compares what is printed with what the document says. A command that fails has to be one that ends with `|| …`. */
export async function perform<P extends Place>({ commands, output, files }: Step, place: P, played: readonly Played<P>[]): Promise<void> {
  for (const { name, text } of files) await writeFile(join(place.folder, name), text);
  let printed = await run(commands, place, played);
  if (output !== null && LOOKS.test(commands)) {
    const agreed = (): boolean => printed.code === 0 && agrees(output, printed.output);
    const again = async (): Promise<boolean> => {
      if (!agreed()) printed = await run(commands, place, played);
      return agreed();
    };
    // Not met in time: the comparison below shows the difference.
    await until(again, { what: 'the output that the document shows', seconds: 90 }).catch(() => undefined);
  }
  place.cluster.check();
  assert.equal(printed.code, 0, printed.output);
  if (output !== null && !agrees(output, printed.output)) assert.equal(stable(printed.output), stable(output));
}

/** A block with a played line in it is taken line by line, any other as a whole. */
async function run<P extends Place>(commands: string, place: P, played: readonly Played<P>[]): Promise<Printed> {
  const lines = commands.split('\n');
  if (!lines.some((line) => played.some(({ command }) => command.test(line)))) return place.shell.run(commands);
  let output = '';
  for (const line of lines) {
    const { code, output: more } = (await play(line, place, played)) ?? (await place.shell.run(line));
    output += more;
    if (code !== 0) return { code, output };
  }
  return { code: 0, output };
}

async function play<P extends Place>(line: string, place: P, played: readonly Played<P>[]): Promise<Printed | undefined> {
  for (const { command, play } of played) {
    const match = command.exec(line);
    if (match !== null) return { code: 0, output: await play(place, match) };
  }
  return undefined;
}
