import { describe, expect, it } from '@jest/globals';
import { History, violationsOf } from '../support/coherence/history.js';

/** A history in which cell A has been changed, and the change acknowledged. */
function changed(): History {
  const history = new History();
  const mutation = history.mutationBegins();
  history.commit(mutation, 'A');
  history.acknowledged(mutation);
  return history;
}

describe('a history keeps the promise', () => {
  it('when reads that start after an acknowledgement see the change, or a later one', () => {
    const history = changed();
    const read = history.readBegins();
    history.commit(history.mutationBegins(), 'A');
    history.readEnds(read, { A: 1 });
    history.readEnds(history.readBegins(), { A: 2 });
    expect(violationsOf(history.events)).toEqual([]);
  });

  it('when a read that started before the acknowledgement does not see the change', () => {
    const history = new History();
    const read = history.readBegins();
    const mutation = history.mutationBegins();
    history.commit(mutation, 'A');
    history.acknowledged(mutation);
    history.readEnds(read, { A: 0 });
    expect(violationsOf(history.events)).toEqual([]);
  });

  it('when a change was committed and is not acknowledged', () => {
    const history = new History();
    history.commit(history.mutationBegins(), 'A');
    history.readEnds(history.readBegins(), { A: 0 });
    expect(violationsOf(history.events)).toEqual([]);
  });
});

describe('a history breaks it', () => {
  it('when a read that starts after an acknowledgement sees what was before', () => {
    const history = changed();
    history.readEnds(history.readBegins(), { A: 0 });
    expect(violationsOf(history.events)).toEqual(['read 1 saw A at 0; 1 was acknowledged before it began']);
  });

  it('in one of the cells that a read sees', () => {
    const history = changed();
    history.readEnds(history.readBegins(), { B: 0, A: 0 });
    expect(violationsOf(history.events)).toHaveLength(1);
  });

  it('when a mutation that was executed twice is read as after the first time', () => {
    const history = new History();
    const mutation = history.mutationBegins();
    history.commit(mutation, 'A');
    history.commit(mutation, 'A');
    history.acknowledged(mutation);
    history.readEnds(history.readBegins(), { A: 1 });
    expect(violationsOf(history.events)).toHaveLength(1);
  });

  it('when it cannot be one: a read sees what nobody has committed', () => {
    const history = changed();
    history.readEnds(history.readBegins(), { A: 2 });
    expect(violationsOf(history.events)).toEqual(['read 1 saw A at 2, which nobody committed']);
  });
});
