import { setFlagsFromString } from 'node:v8';

/** Octets of bytecode that a function runs before it is optimised: V8's own number, and three times as many. */
const [USUAL_BUDGET, PATIENT_BUDGET] = [132 * 1024, 400_000];

/** More than any burst is likely to have, and few enough that all is compiled, and memory settled, within minutes. */
const SETTLED_AFTER = 2_000;

/**
 * How V8 compiles in a signer on Node 20. A signer runs for weeks and is idle for most of them, until some hundred requests come at once: then what
 * V8 11 does by default, interpret first and optimise in the middle of the burst, costs more than it saves. With baseline code from the first call on
 * (Sparkplug) and three times the usual patience before a function is optimised, a certificate of a burst of 500 takes a sixth less CPU (2.22 ms; 2.65 with
 * baseline code alone, in six rounds beside each other). Patience that lasts costs memory: functions were still being optimised, and the process still grew, after
 * 20,000 certificates. So it ends with the first two thousand requests, and RSS is even from 10,000 on. Later versions have a compiler in between
 * (Maglev), and other flags. To be called before anything else; what it returns is to be called for each request that is decided.
 */
export function compileForBursts(v8 = process.versions.v8, setFlags: (flags: string) => void = setFlagsFromString): () => void {
  if (!v8.startsWith('11.')) return () => undefined;
  setFlags('--always-sparkplug');
  setFlags(`--interrupt-budget=${PATIENT_BUDGET}`);
  let decided = 0;
  return () => {
    decided += 1;
    if (decided === SETTLED_AFTER) setFlags(`--interrupt-budget=${USUAL_BUDGET}`);
  };
}
