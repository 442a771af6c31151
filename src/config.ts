import { contradictions } from './config/contradictions.ts';
import { deadRules } from './config/dead-rules.ts';
import { readDocument, sortedProblems, type Place, type Problem } from './config/document.ts';
import { configSchema } from './config/schema.ts';
import { toConfig, type Config } from './config/values.ts';

export { problemText } from './config/document.ts';
export type { Place, Problem } from './config/document.ts';
export type { Config, SignerConfig } from './config/values.ts';

export type ParsedConfig = { readonly ok: true; readonly config: Config; /** Where a key stands, by its path as problems and notes write it. */ readonly place: (path: string) => Place } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads signet.yaml. What comes out cannot be wrong; otherwise every problem is reported at once, in the order of the text. */
export function parseConfig(text: string): ParsedConfig {
  const document = readDocument(text, configSchema);
  if (!document.ok) return document;
  const config = toConfig(document.value);
  const told = contradictions(document.value);
  // Of an entry of `allow` that contradicts itself, whether it could ever match is no further news.
  const found = [...told, ...deadRules(config.policy).filter(({ path }) => !told.some((each) => path.slice(0, 4).every((part, i) => each.path[i] === part)))];
  if (found.length > 0) return { ok: false, problems: sortedProblems(found.map(({ path, message }) => document.problem(path, message))) };
  return { ok: true, config, place: (path) => document.locate(pathOf(path)) };
}

/** `signers[0].lifetime`, as problems write it, in parts. */
function pathOf(text: string): PropertyKey[] {
  return (text.match(/[^.[\]]+/g) ?? []).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}
