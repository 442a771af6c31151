// The second half of generated.test.ts, which says what it is about.
import { oneAnswer } from './generated/one-answer.ts';

oneAnswer({ wanted: Number(process.env['SIGNET_GENERATED'] ?? 2_500), seed: Number(process.env['SIGNET_SEED'] ?? 20_262) });
