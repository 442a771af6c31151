import { setFlagsFromString } from 'node:v8';

/** Octets of bytecode that a function runs before it is optimised: what V8 11 takes by itself, and six times as many. */
const [USUAL_BUDGET, PATIENT_BUDGET] = [66 * 1024, 400_000];

/** More than most bursts have, and few enough that all is compiled, and memory settled, within minutes. */
const SETTLED_AFTER = 1_000;

/**
 * How V8 compiles in a signer on Node 20. A signer runs for weeks and is idle for most of them, until some hundred requests come at once: then what
 * V8 11 does by default, interpret first and optimise in the middle of the burst, costs more than it saves. So there is baseline code from the first call on
 * (Sparkplug), and a function is optimised later. Patience that lasts costs memory: functions were still being optimised, and the process still grew, after
 * 20,000 certificates. So it ends with the first thousand, and RSS is even from 10,000 on. docs/benchmarks.md has the figures. Later versions have a compiler
 * in between (Maglev), and other flags. To be called before anything else; what it returns is to be called for each certificate.
 */
export function compileForBursts(v8 = process.versions.v8, setFlags: (flags: string) => void = setFlagsFromString): () => void {
  if (!v8.startsWith('11.')) return () => undefined;
  setFlags('--always-sparkplug');
  setFlags(`--interrupt-budget=${PATIENT_BUDGET}`);
  let issued = 0;
  return () => {
    issued += 1;
    if (issued === SETTLED_AFTER) setFlags(`--interrupt-budget=${USUAL_BUDGET}`);
  };
}
