import 'reflect-metadata';
import { readRecording } from './recorded.js';
import { examine } from './verdict.js';

/** `npm run compat`: runs every recorded case, and tells what differs and how many agree. */
const recording = await readRecording(process.env['COMPAT_CASES']);
const scored = { ran: 0, agree: 0, decided: 0, differ: 0 };
for (const of of recording.cases) {
  const differences = await examine(of, recording);
  const agrees = differences.length === 0;
  for (const { text, decision } of differences) {
    console.log(
      `${of.name}: ${text}${decision === undefined ? '' : ` [decided, ADR ${decision.adr}: ${decision.what}]`}`,
    );
  }
  const isDecided = differences.every(({ decision }) => decision !== undefined);
  scored.ran += 1;
  scored.agree += Number(agrees);
  scored.decided += Number(!agrees && isDecided);
  scored.differ += Number(!isDecided);
}
console.log(`differ by decision: ${scored.decided}; otherwise: ${scored.differ}`);
console.log(`compat: ${scored.agree} of ${scored.ran}`);
process.exitCode = scored.differ === 0 ? 0 : 1;
