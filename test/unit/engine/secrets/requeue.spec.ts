import { describe, expect, it } from '@jest/globals';
import { restore } from '../../../../libs/orchestrator/src/engine/checkpoint.js';
import { planOf } from '../../../../libs/orchestrator/src/engine/plan.js';
import { withoutSecrets } from '../../../../libs/orchestrator/src/engine/secrets/refused.js';
import { lostSecrets } from '../../../../libs/orchestrator/src/engine/secrets/requeue.js';
import type { WorkflowMessage } from '../../../../libs/orchestrator/src/message/workflow-message.js';
import { environment, messageOf, NOW, task } from '../drive.js';

const SECRET = 'S3CR3T-value';
const loop = { step_id: 'e', type: 'foreach', iterator: '{{api_input.items}}', body: [task('i', { input: '{{current.no}}' })] } as const; // prettier-ignore
const plan = planOf(
  {
    version: '2.1.0',
    steps: [
      task('a', { input: { v: '[REDACTED]' } }),
      task('b', { input: '{{api_input.card}} {{steps.a.output.token}}' }),
      loop,
      task('c', { input: '{{api_input.pin}}' }),
    ],
  },
  environment,
);

function failedAt(
  currentStep: string,
  redacted: readonly string[],
  more: Partial<WorkflowMessage> = {},
): WorkflowMessage {
  const api_input = { card: '[REDACTED]', pin: '[REDACTED]', 'a/b~c': '[REDACTED]', items: [{ no: '[REDACTED]' }] };
  const steps = plan.cookbook.steps.map((step) => ({
    ...step,
    ...(step.step_id === 'a' ? { output: { token: '[REDACTED]' } } : {}),
    ...(step.step_id === currentStep ? { _execution: { status: 'failed', redacted } } : {}),
  }));
  return messageOf(plan, { cookbook: { version: '2.1.0', api_input, steps }, currentStep, ...more });
}
const ALL = ['/api_input/card', '/api_input/pin', '/api_input/a~1b~0c', '/steps/a/output/token', '/cookbook/steps/0/input/v']; // prettier-ignore

describe('a run that is to be tried again', () => {
  it.each<[string, string[]]>([
    ['a', ['/api_input/card', '/api_input/pin', '/steps/a/output/token', '/cookbook/steps/0/input/v']],
    ['b', ['/api_input/card', '/api_input/pin', '/steps/a/output/token']],
    ['c', ['/api_input/pin']],
  ])('has lost what a step from %s on refers to', (from, lost) => {
    expect(lostSecrets(restore(failedAt(from, ALL), plan, 'here', NOW))).toEqual(lost);
  });

  it('has lost the items of the loop in which it stands', () => {
    const items = [{ no: '[REDACTED]' }, { no: '[REDACTED]' }];
    const frames = [{ step: 'e', items, first: 0, stride: 1, index: 1, at: 0, results: {}, done: [{}] }];
    const message = failedAt('e', ['/api_input/items/1/no', '/steps/e/output/iterations/1/item/no'], { position: { frames } }); // prettier-ignore
    expect(lostSecrets(restore(message, plan, 'here', NOW))).toEqual([
      '/api_input/items/1/no',
      '/steps/e/output/iterations/1/item/no',
    ]);
  });

  it('knows what it is given again as secret', () => {
    const message = failedAt('b', ALL);
    const cookbook = { ...message.cookbook, api_input: { card: SECRET, pin: '[REDACTED]' } };
    expect(restore({ ...message, cookbook }, plan, 'here', NOW).secrets).toEqual(['/api_input/card']);
  });
});

describe('the text of a message that is refused', () => {
  const envelope = {
    secrets: ['/api_input/card', '/steps/a/output/token', '/steps/i/output/pin', '/delivery/_result/key'],
    current_step: 'e',
    delivery_result: { status: 'completed', key: 'delivery-key' },
    position: { frames: [{ step: 'e', results: { i: { pin: '9876' } }, note: `deep ${SECRET}` }] },
    carry: { x: { outcome: { output: SECRET } } },
    cookbook: {
      api_input: { card: SECRET, note: `is ${SECRET}`, n: 1 },
      steps: [
        {
          step_id: 'a',
          type: 'task',
          input: { v: `{{api_input.card}} ${SECRET}` },
          output: { token: 'tok', other: 'tok' },
        },
        {
          step_id: 'e',
          type: 'foreach',
          body: [],
          _execution: { status: 'running', retry_history: [{ error: SECRET }] },
        },
      ],
    },
  };
  const body = JSON.stringify(envelope);
  const message = { secrets: envelope.secrets, currentStep: 'e' } as unknown as WorkflowMessage;

  it('holds none of the secrets that it names, nor what repeats them, and says so', () => {
    const text = withoutSecrets(body, message);
    expect(text).not.toMatch(/S3CR3T|9876|delivery-key/);
    expect(JSON.parse(text)).toMatchObject({
      delivery_result: { status: 'completed', key: '[REDACTED]' },
      cookbook: {
        api_input: { card: '[REDACTED]', note: 'is [REDACTED]', n: 1 },
        steps: [
          { input: { v: '{{api_input.card}} [REDACTED]' }, output: { token: '[REDACTED]', other: 'tok' } },
          { _execution: { redacted: [...envelope.secrets, '/cookbook/steps/0/input/v'] } },
        ],
      },
    });
  });

  it('stays as it came where it names none, or could not be read', () => {
    const { secrets: _, ...none } = message;
    expect(withoutSecrets(body, none as WorkflowMessage)).toBe(body);
    expect(withoutSecrets('no json', undefined)).toBe('no json');
  });
});
