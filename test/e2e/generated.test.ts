// The same requests through the running process, by the API, and through `signet explain`, from files: one policy must not have two answers. Half of the
// five thousand are in generated-second.test.ts, as an end-to-end test has one core at most.
import { oneAnswer } from './generated/one-answer.ts';

oneAnswer({ wanted: Number(process.env['SIGNET_GENERATED'] ?? 2_500), seed: Number(process.env['SIGNET_SEED'] ?? 20_261) });
