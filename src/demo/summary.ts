import { duration, type Style } from './style.js';
import type { RunReport } from './timeline.js';

/** The last line: `✔ 6 runs completed, 1 failed as meant, in 1.83 s`, or which runs ended otherwise. One that was requeued counts once, as it ended last. */
export function renderSummary(reports: readonly RunReport[], tookMs: number, { colors }: Style): string {
  const runs = [...new Map(reports.map((report) => [report.workflowId, report])).values()];
  const meant = runs.filter(({ asMeant }) => asMeant);
  const completed = meant.filter(({ ending }) => ending.kind === 'completed').length;
  const parts = [`${completed} ${completed === 1 ? 'run' : 'runs'} completed`];
  if (meant.length > completed) parts.push(`${meant.length - completed} failed as meant`);
  const others = runs.filter(({ asMeant }) => !asMeant).map(({ cookbook }) => cookbook);
  if (others.length > 0) parts.push(`not as meant: ${others.join(', ')}`);
  const mark = others.length === 0 ? colors.green('✔') : colors.red('✖');
  return `${mark} ${colors.bold(`${parts.join(', ')}, in ${duration(tookMs)}`)}`;
}
