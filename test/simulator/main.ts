import 'reflect-metadata';
import { PLANTED } from '../support/simulator/planted.js';
import { SETTINGS, trialOf } from '../support/simulator/settings.js';
import { Workshops } from '../support/simulator/workshops.js';

const USAGE = `npm run sim                                20,000 runs of generated cookbooks over all settings
npm run sim -- 100000                      so many
npm run sim -- 1000 "stalls"               so many in the settings whose name begins so
npm run sim -- --seed 17 "stalls"          one run, with its cookbook and every call of it
npm run sim -- --planted                   the first seed in which each planted fault shows`;

const STEPS = 10;
const workshops = new Workshops();

/** Runs them all; the last line is JSON. */
async function every(runs: number, name = ''): Promise<void> {
  const started = performance.now();
  const settings = SETTINGS.filter((each) => each.name.startsWith(name));
  const perSetting = Math.ceil(runs / settings.length);
  const totals = {
    runs: 0,
    calls: 0,
    faults: 0,
    failures: [] as { readonly setting: string; readonly seed: number }[],
  };
  for (const setting of settings) {
    const workshop = await workshops.of(setting.boot);
    const at = performance.now();
    const before = { ...totals, failures: totals.failures.length };
    for (let seed = 1; seed <= perSetting; seed += 1) {
      const { history, differences } = await workshop.run(trialOf(setting, seed, STEPS));
      totals.runs += 1;
      totals.calls += history.calls;
      totals.faults += history.faults.length;
      if (differences.length === 0) continue;
      totals.failures.push({ setting: setting.name, seed });
      console.log([`seed ${seed}`, ...differences, ...history.faults].join('\n  '));
    }
    const failed = totals.failures.length - before.failures;
    const ms = ((performance.now() - at) / perSetting).toFixed(1);
    const counts = `${perSetting} runs, ${totals.calls - before.calls} calls, ${totals.faults - before.faults} faults`;
    console.log(`${failed === 0 ? 'ok  ' : 'FAIL'} ${setting.name}: ${counts}, ${failed} failures, ${ms} ms a run`);
  }
  const [first] = totals.failures;
  if (first !== undefined) {
    process.exitCode = 1;
    console.log(`Replay: npm run sim -- --seed ${first.seed} "${first.setting}"`);
  }
  console.log(JSON.stringify({ ...totals, seconds: Math.round((performance.now() - started) / 1_000) }));
}

async function replay(seed: number, name: string | undefined): Promise<void> {
  const setting = SETTINGS.find((each) => each.name === name);
  if (setting === undefined) throw new Error(`No setting is called "${name ?? ''}": ${SETTINGS.map((each) => each.name).join(' | ')}`); // prettier-ignore
  const trial = trialOf(setting, seed, STEPS);
  const { history, differences } = await (await workshops.of(setting.boot)).run({ ...trial, traced: true });
  console.log([JSON.stringify(trial.cookbook, null, 2), ...history.trace, ...differences].join('\n'));
  console.log(differences.length === 0 ? 'as it should be' : `${differences.length} differences`);
  if (differences.length > 0) process.exitCode = 1;
}

async function planted(name: string | undefined): Promise<void> {
  for (const fault of PLANTED.filter((each) => name === undefined || each.name.includes(name))) {
    const workshop = await workshops.of(fault.setting.boot);
    let [seed, what] = [0, ''];
    while (what === '' && seed < 3_000) {
      seed += 1;
      const mend = fault.plant();
      try {
        const { differences } = await workshop.run(trialOf(fault.setting, seed, 6));
        what = differences[0] ?? '';
      } finally {
        mend();
      }
    }
    console.log(`| ${fault.name} | ${what === '' ? 'not seen' : seed} | ${what.split('\n')[0]?.slice(0, 100) ?? ''} |`);
  }
}

const [first, second, third] = process.argv.slice(2);
if (first === '--seed') await replay(Number(second), third);
else if (first === '--planted') await planted(second);
else if (first === undefined || Number(first) > 0) await every(Number(first ?? 20_000), second);
else console.log(USAGE);
await workshops.close();
